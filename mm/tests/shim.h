/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few kernel names that mm/vmap_purge.h uses, for user space. Same meaning
 * as in the kernel; struct vmap_area has the members that the header touches.
 */
#ifndef _SHIM_H
#define _SHIM_H

#include <stdbool.h>
#include <stddef.h>

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

#define list_entry(ptr, type, member)	container_of(ptr, type, member)
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) \
	list_entry((head)->prev, type, member)

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline bool list_is_last(const struct list_head *entry, const struct list_head *head)
{
	return entry->next == head;
}

static inline void list_add(struct list_head *new, struct list_head *at)
{
	new->next = at->next;
	new->prev = at;
	at->next->prev = new;
	at->next = new;
}

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	list_add(new, head->prev);
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = entry->prev = NULL;
}

/* What @head has up to @entry becomes the list @to. */
static inline void list_cut_position(struct list_head *to, struct list_head *head, struct list_head *entry)
{
	struct list_head *rest = entry->next;

	to->next = head->next;
	to->next->prev = to;
	to->prev = entry;
	entry->next = to;
	head->next = rest;
	rest->prev = head;
}

struct rb_node {
	struct rb_node *rb_right, *rb_left;
};

#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

struct vmap_area {
	unsigned long va_start, va_end;
	struct rb_node rb_node;
	struct list_head list;
};

#endif /* _SHIM_H */
