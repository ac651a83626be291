// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of mm/vmap_purge.h in user space: the very file that the kernel
 * compiles, exhaustively for short lists and on seeded random ones for long,
 * against models that are too simple to be wrong.
 *
 *	vmap_purge_test [SEED [ROUNDS]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"
#include "../vmap_purge.h"

static unsigned int nr_checks, nr_wrong;
static uint64_t rnd_state;

#define check_eq(a, b) check(__LINE__, #a " == " #b, \
			     (unsigned long)(a), (unsigned long)(b))

static void check(int line, const char *what, unsigned long a, unsigned long b)
{
	nr_checks++;
	if (a == b)
		return;
	if (nr_wrong++ < 10)
		printf("# line %d: %s: 0x%lx != 0x%lx\n", line, what, a, b);
}

/* xorshift64* */
static unsigned int rnd(unsigned int below)
{
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return (rnd_state * 0x2545f4914f6cdd1dull >> 33) % below;
}

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

static void test_batch(void)
{
	check_eq(vmap_purge_batch(0), 32);
	check_eq(vmap_purge_batch(1), 32);
	check_eq(vmap_purge_batch(16), 32);
	check_eq(vmap_purge_batch(17), 34);
	for (unsigned int cpus = 1; cpus <= 8192; cpus++) {
		check_eq(vmap_purge_batch(cpus) > cpus, 1);
		check_eq(vmap_purge_batch(cpus) >= 32, 1);
	}
}

/* Append areas of one page each where @map has a 1; the result must be its runs of 1. */
static void append_map(const unsigned char *map, unsigned int len)
{
	struct vmap_area *va;
	LIST_HEAD(head);
	struct list_head *pos;
	unsigned int i, kept = 0, runs = 0;

	for (i = 0; i < len; i++) {
		if (!map[i])
			continue;
		va = new_area(i, i + 1);
		if (vmap_purge_append(va, &head))
			kept++;
		else
			free(va);
	}

	for (i = 0, pos = head.next; i < len; i++) {
		unsigned int start = i;

		if (!map[i])
			continue;
		while (i < len && map[i])
			i++;
		runs++;
		check_eq(pos != &head, 1);
		if (pos == &head)
			break;
		va = list_entry(pos, struct vmap_area, list);
		check_eq(va->va_start, start);
		check_eq(va->va_end, i);
		check_eq(pos->next->prev == pos, 1);
		pos = pos->next;
	}
	check_eq(pos == &head, 1);
	check_eq(kept, runs);
	free_areas(&head);
}

static void test_append_short(void)
{
	unsigned char map[14];

	for (unsigned int bits = 0; bits < 1u << sizeof(map); bits++) {
		for (unsigned int i = 0; i < sizeof(map); i++)
			map[i] = bits >> i & 1;
		append_map(map, sizeof(map));
	}
}

static void test_append_random(void)
{
	static unsigned char map[100000];
	unsigned int len = 1 + rnd(sizeof(map)), density = 1 + rnd(64);

	for (unsigned int i = 0; i < len; i++)
		map[i] = rnd(64) < density;
	append_map(map, len);
}

/* The ends of the address space: no wrap, nothing is special. */
static void test_append_ends(void)
{
	LIST_HEAD(head);
	struct vmap_area *low = new_area(0, 1), *top = new_area(-8ul, -1ul);

	check_eq(vmap_purge_append(low, &head), 1);
	check_eq(vmap_purge_append(top, &head), 1);
	check_eq(low->va_end, 1);
	check_eq(top->va_start, -8ul);
	free_areas(&head);
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

/* Whatever tree, area and hint: the link is the one a search finds, or NULL if it is not behind the hint. */
static void check_link(struct tree *tree, struct vmap_area *va, struct vmap_area *prev)
{
	struct rb_node *parent = NULL, *want_parent, **link, **want;
	bool last = prev->list.next == &tree->head;
	bool behind = prev->va_end <= va->va_start &&
		      (last || va->va_end <= list_next_entry(prev, list)->va_start);

	link = vmap_purge_link_after(va, prev, &tree->head, &parent);
	check_eq(link != NULL, behind);
	if (!link)
		return;
	want = search(tree, va, &want_parent);
	check_eq(link, want);
	check_eq(parent, want_parent);
}

/* @len slots, each taken by an area of the tree or not, inserted in the order of @perm. */
static void fill(struct tree *tree, const unsigned char *map,
		 const unsigned int *perm, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		struct rb_node *parent, **link;
		struct vmap_area *va;

		if (!map[perm[i]])
			continue;
		va = new_area(4 * perm[i], 4 * perm[i] + 3);
		link = search(tree, va, &parent);
		insert(tree, va, link, parent);
	}
}

static void check_all_links(struct tree *tree, unsigned int len)
{
	for (struct list_head *pos = tree->head.next; pos != &tree->head; pos = pos->next)
		for (unsigned int start = 0; start <= 4 * len + 1; start++)
			for (unsigned int size = 1; size <= 5; size += 2) {
				struct vmap_area va = { start, start + size };

				check_link(tree, &va, list_entry(pos, struct vmap_area, list));
			}
}

/* All orders of insertion, so all shapes, of up to five areas. */
static void all_orders(unsigned int *perm, unsigned int done, unsigned int len)
{
	static const unsigned char map[] = { 1, 1, 1, 1, 1 };

	if (done == len) {
		struct tree tree = { NULL, { &tree.head, &tree.head } };

		fill(&tree, map, perm, len);
		check_all_links(&tree, len);
		free_areas(&tree.head);
		return;
	}
	for (unsigned int i = done; i < len; i++) {
		unsigned int first = perm[done];

		perm[done] = perm[i];
		perm[i] = first;
		all_orders(perm, done + 1, len);
		perm[i] = perm[done];
		perm[done] = first;
	}
}

static void test_link_short(void)
{
	for (unsigned int len = 1; len <= 5; len++) {
		unsigned int perm[] = { 0, 1, 2, 3, 4 };

		all_orders(perm, 0, len);
	}
}

static void shuffle(unsigned int *perm, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		unsigned int j = rnd(i + 1);

		perm[i] = perm[j];
		perm[j] = i;
	}
}

static void test_link_random(void)
{
	enum { LEN = 60 };
	struct tree tree = { NULL, { &tree.head, &tree.head } };
	unsigned char map[LEN];
	unsigned int perm[LEN];

	for (unsigned int i = 0; i < LEN; i++)
		map[i] = rnd(3) > 0;
	shuffle(perm, LEN);
	fill(&tree, map, perm, LEN);
	check_all_links(&tree, LEN);
	free_areas(&tree.head);
}

/*
 * The whole purge as mm/vmalloc.c does it: fold the list, then insert by hint
 * in batches, with the hint dropped and the tree changed between two of them.
 * Each area must end where a search from the root puts it, and the free space
 * must be what a plain map of pages says.
 */
static void test_purge(void)
{
	enum { LEN = 4000 };
	static unsigned char busy[LEN], is_free[LEN];
	struct tree tree = { NULL, { &tree.head, &tree.head } };
	struct vmap_area *hint = NULL;
	unsigned int i, nr = 0, hits = 0, batch = vmap_purge_batch(1 + rnd(40));
	LIST_HEAD(purge);

	memset(is_free, 0, sizeof(is_free));
	for (i = 0; i < LEN; i++) {
		struct vmap_area *va;

		busy[i] = rnd(2);
		if (busy[i])
			continue;
		va = new_area(i, i + 1);
		if (!vmap_purge_append(va, &purge))
			free(va);
	}

	while (!list_empty(&purge)) {
		struct vmap_area *va = list_first_entry(&purge, struct vmap_area, list);
		struct rb_node *parent, **link = NULL, **want;

		list_del(&va->list);
		want = search(&tree, va, &parent);
		if (hint)
			link = vmap_purge_link_after(va, hint, &tree.head, &parent);
		if (link) {
			check_eq(link, want);
			hits++;
		}
		insert(&tree, va, want, parent);
		hint = ++nr % batch ? va : NULL;
	}
	/* All but the first of each batch go in by their hint. */
	check_eq(hits, nr - (nr + batch - 1) / batch);

	for (struct list_head *pos = tree.head.next; pos != &tree.head; pos = pos->next) {
		struct vmap_area *va = list_entry(pos, struct vmap_area, list);

		for (unsigned long addr = va->va_start; addr < va->va_end; addr++)
			is_free[addr]++;
	}
	for (i = 0; i < LEN; i++)
		check_eq(is_free[i], !busy[i]);
	free_areas(&tree.head);
}

static const struct {
	const char *name;
	void (*func)(void);
	bool random;
} tests[] = {
	{ "batch is above the number of CPUs, and never small", test_batch, false },
	{ "append folds neighbours: all lists of up to 14 pages", test_append_short, false },
	{ "append folds neighbours: random lists of up to 100000 pages", test_append_random, true },
	{ "append at both ends of the address space", test_append_ends, false },
	{ "link after: all trees of up to five areas", test_link_short, false },
	{ "link after: random trees", test_link_random, true },
	{ "fold and insert in batches: free space is what a page map says", test_purge, true },
};

int main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 50;
	unsigned int i, failed = 0, nr = sizeof(tests) / sizeof(tests[0]);

	printf("KTAP version 1\n# seed %lu, %lu rounds\n1..%u\n", seed, rounds, nr);
	for (i = 0; i < nr; i++) {
		nr_checks = nr_wrong = 0;
		rnd_state = seed * 0x9e3779b97f4a7c15ull + 1;
		for (unsigned long n = tests[i].random ? rounds : 1; n; n--)
			tests[i].func();
		printf("%s %u %s # %u checks\n", nr_wrong ? "not ok" : "ok", i + 1,
		       tests[i].name, nr_checks);
		failed += !!nr_wrong;
	}
	return !!failed;
}
