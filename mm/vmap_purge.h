/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded work for giving lazily freed vmap areas back to the free tree.
 *
 * Only policy and list work is here: nothing locks, allocates or sleeps. The
 * locks, the loops and the statics stay in mm/vmalloc.c, which includes this
 * file. It includes nothing itself, so that a user-space test can compile the
 * very same code.
 *
 * Why the bound counts areas instead of asking whether to break: on PREEMPT_RT
 * spin_is_contended() is the constant 0 and a task blocked on the lock never
 * sets need_resched() for the holder, so cond_resched_lock() never lets a
 * waiter in. With CONFIG_PREEMPT it lets one in after each area once the lock
 * is contended, and a drain that frees one area per turn is outrun by the CPUs
 * that allocate. Without preemption it looks at the holder's CPU only, and
 * whoever spins elsewhere waits for the end of a time slice.
 */
#ifndef _MM_VMAP_PURGE_H
#define _MM_VMAP_PURGE_H

/* Areas that a purge handles before it lets others in. */
#define VMAP_PURGE_BATCH	16U

/* Areas that are given back at a time. */
#define VMAP_PURGE_PIECE	128U

/**
 * vmap_purge_append - put an area at the end of a list in the order of addresses
 * @va: next area in that order; its links are overwritten
 * @head: private list of areas; one may lie before its predecessor where the
 *	areas of the next node begin, which costs a merge that could be saved
 *
 * If @va begins where the last area of the list ends, that one is extended
 * instead. All areas must be ready for reuse: unmapped, flushed from the TLB
 * and released by KASAN, as the result is one area that is handed out whole.
 *
 * Context: the caller owns @head and @va.
 * Return: true if @va is in the list now, false if it is spare and has to be
 * freed by the caller.
 */
static inline bool
vmap_purge_append(struct vmap_area *va, struct list_head *head)
{
	struct vmap_area *last;

	if (!list_empty(head)) {
		last = list_last_entry(head, struct vmap_area, list);
		if (last->va_end == va->va_start) {
			last->va_end = va->va_end;
			return false;
		}
	}

	list_add_tail(&va->list, head);
	return true;
}

/**
 * vmap_purge_link_after - where an area belongs if it follows a known one
 * @va: area to be inserted
 * @prev: area of the tree, most often the one before @va
 * @head: address-sorted list of the areas of the tree
 * @parent: where to store the parent of the returned link
 *
 * Areas are purged in the order of their addresses, so that most often the
 * next one belongs right behind the one before. Then its link is found with no
 * descent from the root: the right link of @prev or, if that is taken, the left
 * link of the area that follows @prev, which is the leftmost of that subtree.
 *
 * Context: the lock of the tree is held; @prev is still in it.
 * Return: the link, or NULL if @va does not lie between @prev and the area that
 * follows it. Then the tree has to be searched.
 */
static inline struct rb_node **
vmap_purge_link_after(const struct vmap_area *va, struct vmap_area *prev,
		      const struct list_head *head, struct rb_node **parent)
{
	struct vmap_area *next = list_next_entry(prev, list);

	if (va->va_start < prev->va_end)
		return NULL;

	if (!prev->rb_node.rb_right) {
		if (&next->list != head && next->va_start < va->va_end)
			return NULL;

		*parent = &prev->rb_node;
		return &prev->rb_node.rb_right;
	}

	if (next->va_start < va->va_end)
		return NULL;

	*parent = &next->rb_node;
	return &next->rb_node.rb_left;
}

/**
 * vmap_purge_mark_piece - note where a piece of a list of areas ends
 * @first: first area of the piece, in no tree
 * @head: private list that it is in
 *
 * A piece is VMAP_PURGE_PIECE areas, or as many as there are. Its first area has
 * a pointer to the last one where it has its links to others when in a tree. So
 * nobody has to count areas off under a lock, with cold caches.
 *
 * Context: the caller owns @head.
 * Return: what follows the piece in @head: the next area, or @head as an entry.
 */
static inline struct vmap_area *
vmap_purge_mark_piece(struct vmap_area *first, const struct list_head *head)
{
	struct vmap_area *last = first;
	unsigned int nr = 1;

	while (nr++ < VMAP_PURGE_PIECE && !list_is_last(&last->list, head))
		last = list_next_entry(last, list);

	first->rb_node.rb_left = &last->rb_node;
	return list_next_entry(last, list);
}

/**
 * vmap_purge_take_piece - take the first piece off a list of areas
 * @head: list that consists of pieces, see vmap_purge_mark_piece()
 * @piece: where to put it, an empty list; stays empty if @head is
 *
 * Context: the lock of @head is held.
 */
static inline void
vmap_purge_take_piece(struct list_head *head, struct list_head *piece)
{
	struct vmap_area *first, *last;

	if (list_empty(head))
		return;

	first = list_first_entry(head, struct vmap_area, list);
	last = rb_entry(first->rb_node.rb_left, struct vmap_area, rb_node);
	list_cut_position(piece, head, &last->list);
}

#endif /* _MM_VMAP_PURGE_H */
