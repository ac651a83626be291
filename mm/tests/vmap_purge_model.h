/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The naive model that the code of mm/vmap_purge.h is compared with: an array
 * instead of a folded list, a map of pages instead of free areas, a search from
 * the root instead of a hint. What includes this defines check().
 */
#ifndef _VMAP_PURGE_MODEL_H
#define _VMAP_PURGE_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "shim.h"
#include "../vmap_purge.h"

#define check_eq(a, b) check(__FILE__, __LINE__, #a " == " #b, (unsigned long)(a), (unsigned long)(b))

static void check(const char *file, int line, const char *what, unsigned long a, unsigned long b);

static struct vmap_area *new_area(unsigned long start, unsigned long end)
{
	struct vmap_area *va = malloc(sizeof(*va));

	if (!va)
		abort();
	memset(va, 0x5a, sizeof(*va));
	va->va_start = start;
	va->va_end = end;
	return va;
}

static void free_areas(struct list_head *head)
{
	while (!list_empty(head)) {
		struct vmap_area *va = list_first_entry(head, struct vmap_area, list);

		list_del(&va->list);
		free(va);
	}
}

/* A list that areas are appended to, and what it has to be: want[first] to want[nr - 1]. */
struct folded {
	struct list_head head;
	unsigned int first, nr;
	struct {
		unsigned long start, end;
		struct vmap_area *va;
	} want[4096];
};

static void folded_init(struct folded *list)
{
	list->head.next = list->head.prev = &list->head;
	list->first = list->nr = 0;
}

static bool folded_full(const struct folded *list)
{
	return list->nr == sizeof(list->want) / sizeof(list->want[0]);
}

static void append(struct folded *list, unsigned long start, unsigned long end)
{
	bool extends = list->nr > list->first && list->want[list->nr - 1].end == start;
	struct vmap_area *va = new_area(start, end), before = *va;
	bool kept = vmap_purge_append(va, &list->head);

	check_eq(kept, !extends);
	if (extends) {
		list->want[list->nr - 1].end = end;
	} else {
		list->want[list->nr].start = start;
		list->want[list->nr].end = end;
		list->want[list->nr++].va = va;
	}
	check_eq(va->va_start, start);
	check_eq(va->va_end, end);
	if (kept)
		return;
	/* What is spare has not been touched. */
	check_eq(memcmp(va, &before, sizeof(before)), 0);
	free(va);
}

static void check_folded(const struct folded *list)
{
	const struct list_head *pos = list->head.next;

	for (unsigned int i = list->first; i < list->nr; i++, pos = pos->next) {
		const struct vmap_area *va = list_entry(pos, struct vmap_area, list);

		check_eq(pos->next->prev, pos);
		check_eq(va, list->want[i].va);
		/* The head is no area, and what follows is off by one. */
		if (va != list->want[i].va)
			return;
		check_eq(va->va_start, list->want[i].start);
		check_eq(va->va_end, list->want[i].end);
	}
	check_eq(pos, &list->head);
}

/* The first area of the list, taken out of it; NULL if there is none. */
static struct vmap_area *pop(struct folded *list)
{
	struct vmap_area *va;

	if (list_empty(&list->head))
		return NULL;
	va = list_first_entry(&list->head, struct vmap_area, list);
	list_del(&va->list);
	list->first++;
	return va;
}

/* A binary search tree of areas with its sorted list, not balanced: any shape has to do. */
struct tree {
	struct rb_node *root;
	struct list_head head;
};

/* The link that a search from the root ends at, or NULL if @va overlaps an area. */
static struct rb_node **
search(struct tree *tree, const struct vmap_area *va, struct rb_node **parent)
{
	struct rb_node **link = &tree->root;

	*parent = NULL;
	while (*link) {
		struct vmap_area *at = rb_entry(*link, struct vmap_area, rb_node);

		*parent = *link;
		if (va->va_end <= at->va_start)
			link = &(*link)->rb_left;
		else if (va->va_start >= at->va_end)
			link = &(*link)->rb_right;
		else
			return NULL;
	}
	return link;
}

static void insert(struct tree *tree, struct vmap_area *va,
		   struct rb_node **link, struct rb_node *parent)
{
	struct list_head *at = &tree->head;

	if (parent) {
		at = &rb_entry(parent, struct vmap_area, rb_node)->list;
		if (link == &parent->rb_left)
			at = at->prev;
	}
	va->rb_node.rb_left = va->rb_node.rb_right = NULL;
	*link = &va->rb_node;
	list_add(&va->list, at);
}

static void unlink_area(struct tree *tree, struct vmap_area *va)
{
	struct rb_node **link = &tree->root, *node = &va->rb_node;

	while (*link != node)
		link = rb_entry(*link, struct vmap_area, rb_node)->va_start > va->va_start ?
			&(*link)->rb_left : &(*link)->rb_right;
	*link = node->rb_left ?: node->rb_right;
	if (node->rb_left) {
		for (link = &node->rb_left; *link; link = &(*link)->rb_right)
			;
		*link = node->rb_right;
	}
	list_del(&va->list);
}

/*
 * Whatever tree, area and hint: the link is the one a search finds, or NULL if
 * it is not behind the hint. Return: true if the hint was good.
 */
static bool check_link(struct tree *tree, const struct vmap_area *va, struct vmap_area *prev)
{
	struct rb_node *parent = NULL, *want_parent, **link, **want;
	bool last = prev->list.next == &tree->head;
	bool behind = prev->va_end <= va->va_start &&
		      (last || va->va_end <= list_next_entry(prev, list)->va_start);

	link = vmap_purge_link_after(va, prev, &tree->head, &parent);
	check_eq(link != NULL, behind);
	if (!link)
		return false;
	want = search(tree, va, &want_parent);
	check_eq(link, want);
	check_eq(parent, want_parent);
	return true;
}

/* Free space: a tree of areas, and a map of what has to be in it. */
#ifndef PAGES
#define PAGES	4096
#endif
struct space {
	struct tree tree;
	unsigned char is_free[PAGES];
};

static void space_init(struct space *space)
{
	space->tree.root = NULL;
	space->tree.head.next = space->tree.head.prev = &space->tree.head;
	memset(space->is_free, 0, sizeof(space->is_free));
}

/*
 * Give an area back as mm/vmalloc.c does, merged with its neighbours; one that
 * overlaps free space is dropped. Return: the next hint, NULL if dropped.
 */
static struct vmap_area *give_back(struct space *space, struct vmap_area *va, struct vmap_area *hint,
				   unsigned int *hits)
{
	struct tree *tree = &space->tree;
	struct rb_node *parent, **link = search(tree, va, &parent);
	struct vmap_area *near;

	if (hint)
		*hits += check_link(tree, va, hint);
	if (!link) {
		free(va);
		return NULL;
	}
	memset(space->is_free + va->va_start, 1, va->va_end - va->va_start);
	insert(tree, va, link, parent);

	near = list_next_entry(va, list);
	if (&near->list != &tree->head && near->va_start == va->va_end) {
		unlink_area(tree, near);
		va->va_end = near->va_end;
		free(near);
	}
	near = list_entry(va->list.prev, struct vmap_area, list);
	if (&near->list != &tree->head && near->va_end == va->va_start) {
		unlink_area(tree, va);
		near->va_end = va->va_end;
		free(va);
		va = near;
	}
	return va;
}

/* Allocate the first area that ends above @addr. */
static void take(struct space *space, unsigned long addr)
{
	struct list_head *head = &space->tree.head;

	for (struct list_head *pos = head->next; pos != head; pos = pos->next) {
		struct vmap_area *va = list_entry(pos, struct vmap_area, list);

		if (va->va_end <= addr)
			continue;
		memset(space->is_free + va->va_start, 0, va->va_end - va->va_start);
		unlink_area(&space->tree, va);
		free(va);
		return;
	}
}

/* The areas from left to right are the list from @pos on. Return: what follows in the list. */
static const struct list_head *check_subtree(const struct rb_node *node, const struct list_head *pos)
{
	if (!node)
		return pos;
	pos = check_subtree(node->rb_left, pos);
	check_eq(&rb_entry(node, struct vmap_area, rb_node)->list, pos);
	return check_subtree(node->rb_right, pos->next);
}

/* The areas are the runs of 1 in the map. */
static void check_space(const struct space *space)
{
	const struct list_head *head = &space->tree.head, *pos = head->next;

	check_eq(check_subtree(space->tree.root, pos), head);
	for (unsigned int i = 0; i < PAGES; i++) {
		const struct vmap_area *va = list_entry(pos, struct vmap_area, list);
		unsigned int start = i;

		if (!space->is_free[i])
			continue;
		while (i < PAGES && space->is_free[i])
			i++;
		check_eq(pos != head, 1);
		if (pos == head)
			return;
		check_eq(va->va_start, start);
		check_eq(va->va_end, i);
		pos = pos->next;
	}
	check_eq(pos, head);
}

#endif /* _VMAP_PURGE_MODEL_H */
