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
 * @va: next area in that order, in no list
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

#endif /* _MM_VMAP_PURGE_H */
