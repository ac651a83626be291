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

#include "vmap_purge_model.h"

static unsigned int nr_checks, nr_wrong;
static unsigned long seed = 1, round_nr;
static uint64_t rnd_state;

static void check(const char *file, int line, const char *what, unsigned long a, unsigned long b)
{
	nr_checks++;
	if (a == b)
		return;
	if (nr_wrong++ < 10)
		printf("# %s:%d: seed %lu, round %lu: %s: 0x%lx != 0x%lx\n", file, line, seed, round_nr, what, a, b);
}

/* xorshift64* */
static unsigned int rnd(unsigned int below)
{
	rnd_state ^= rnd_state >> 12;
	rnd_state ^= rnd_state << 25;
	rnd_state ^= rnd_state >> 27;
	return (rnd_state * 0x2545f4914f6cdd1dull >> 33) % below;
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

/*
 * All lists of up to five areas within four pages, in any order: where the
 * areas of the next node begin, what is appended may lie anywhere.
 */
static void test_append_any_order(void)
{
	static const struct {
		unsigned char start, end;
	} areas[] = {
		{ 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 1, 2 }, { 1, 3 }, { 1, 4 }, { 2, 3 }, { 2, 4 }, { 3, 4 },
	};
	static struct folded list;
	unsigned int nr_lists = 1;

	for (unsigned int len = 0; len <= 5; len++, nr_lists *= 10)
		for (unsigned int n = 0; n < nr_lists; n++) {
			folded_init(&list);
			for (unsigned int i = 0, digits = n; i < len; i++, digits /= 10)
				append(&list, areas[digits % 10].start, areas[digits % 10].end);
			check_folded(&list);
			free_areas(&list.head);
		}
}

static void test_append_nodes(void)
{
	static struct folded list;
	unsigned long addr = 0;

	folded_init(&list);
	while (!folded_full(&list)) {
		unsigned long pages = 1 + rnd(8);

		if (!rnd(100))
			addr = rnd(100000);
		append(&list, addr, addr + pages);
		addr += pages + (rnd(3) ? 0 : rnd(4));
	}
	check_folded(&list);
	free_areas(&list.head);
}

static void add(struct tree *tree, unsigned long start, unsigned long end)
{
	struct vmap_area *va = new_area(start, end);
	struct rb_node *parent, **link = search(tree, va, &parent);

	insert(tree, va, link, parent);
}

/* The ends of the address space: no wrap, nothing is special. */
static void test_ends(void)
{
	struct tree tree = { NULL, { &tree.head, &tree.head } };
	struct vmap_area va = { -8ul, -1ul };
	static struct folded list;

	folded_init(&list);
	append(&list, 0, 1);
	append(&list, -8ul, -1ul);
	append(&list, 0, 1);
	check_folded(&list);
	free_areas(&list.head);

	add(&tree, 0, 1);
	check_eq(check_link(&tree, &va, list_first_entry(&tree.head, struct vmap_area, list)), 1);
	va.va_start = va.va_end = -1ul;
	va.va_start--;
	add(&tree, -8ul, -2ul);
	check_eq(check_link(&tree, &va, list_first_entry(&tree.head, struct vmap_area, list)), 0);
	check_eq(check_link(&tree, &va, list_last_entry(&tree.head, struct vmap_area, list)), 1);
	free_areas(&tree.head);
}

/* Each area of the tree as the hint for an area of each size of @sizes at each address below @end. */
static void check_all_links(struct tree *tree, unsigned long end, const unsigned char *sizes)
{
	for (struct list_head *pos = tree->head.next; pos != &tree->head; pos = pos->next)
		for (unsigned long start = 0; start < end; start++)
			for (const unsigned char *size = sizes; *size; size++) {
				struct vmap_area va = { start, start + *size };

				check_link(tree, &va, list_entry(pos, struct vmap_area, list));
			}
}

/* All gaps of no, one or two pages between the areas, which are inserted in the order of @perm. */
static void all_gaps(const unsigned int *perm, unsigned int len)
{
	unsigned int nr_gaps = 1;

	for (unsigned int i = 1; i < len; i++)
		nr_gaps *= 3;
	for (unsigned int n = 0; n < nr_gaps; n++) {
		struct tree tree = { NULL, { &tree.head, &tree.head } };
		unsigned long starts[5], addr = 3;

		for (unsigned int i = 0, digits = n; i < len; i++, digits /= 3) {
			starts[i] = addr;
			addr += 2 + digits % 3;
		}
		for (unsigned int i = 0; i < len; i++)
			add(&tree, starts[perm[i]], starts[perm[i]] + 2);
		check_all_links(&tree, addr + 2, (const unsigned char[]) { 1, 2, 3, 0 });
		free_areas(&tree.head);
	}
}

/* All orders of insertion, so all shapes. */
static void all_orders(unsigned int *perm, unsigned int done, unsigned int len)
{
	if (done == len) {
		all_gaps(perm, len);
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
	unsigned int perm[LEN];

	shuffle(perm, LEN);
	for (unsigned int i = 0; i < LEN; i++)
		if (rnd(3))
			add(&tree, 4 * perm[i], 4 * perm[i] + 3);
	check_all_links(&tree, 4 * LEN + 2, (const unsigned char[]) { 1, 3, 5, 0 });
	free_areas(&tree.head);
}

/*
 * The whole purge as mm/vmalloc.c does it: fold the list, then insert by hint
 * in batches, with the hint dropped between two of them. With @others, there is
 * free space before, and somebody allocates meanwhile.
 */
static void purge(bool others)
{
	unsigned int nr = 0, hits = 0, batch = 1 + rnd(40);
	struct vmap_area *va, *hint = NULL;
	static struct folded list;
	static struct space space;

	space_init(&space);
	folded_init(&list);
	for (unsigned int i = others ? 500 : 0; i; i--) {
		unsigned long addr = rnd(PAGES - 8);

		give_back(&space, new_area(addr, addr + 1 + rnd(8)), NULL, &hits);
	}
	for (unsigned int i = 0; i < PAGES; i++)
		if (!space.is_free[i] && rnd(2))
			append(&list, i, i + 1);
	check_folded(&list);

	while ((va = pop(&list))) {
		hint = give_back(&space, va, hint, &hits);
		if (++nr % batch)
			continue;
		hint = NULL;
		check_space(&space);
		for (unsigned int i = others ? 5 : 0; i; i--)
			take(&space, rnd(PAGES));
	}
	check_space(&space);
	/* Where nothing is in between, all but the first of each batch go in by their hint. */
	if (!others)
		check_eq(hits, nr - (nr + batch - 1) / batch);
	free_areas(&space.tree.head);
}

static void test_purge(void)
{
	purge(false);
}

static void test_purge_others(void)
{
	purge(true);
}

/*
 * Purges of @sizes areas each, whose list is marked and put behind what is ready. What is taken are all areas in that order,
 * in pieces that are full but for the last one of each purge.
 */
static void pieces(const unsigned int *sizes, unsigned int nr_purges)
{
	unsigned long addr = 0, next = 0;
	struct vmap_area *va;
	LIST_HEAD(ready);

	for (unsigned int i = 0; i < nr_purges; i++) {
		LIST_HEAD(purged);

		for (unsigned int n = sizes[i]; n; n--, addr++) {
			va = new_area(addr, addr + 1);
			va->rb_node.rb_left = va->rb_node.rb_right = (void *)1;
			list_add_tail(&va->list, &purged);
		}
		va = list_first_entry(&purged, struct vmap_area, list);
		for (unsigned int marks = 0; &va->list != &purged && marks < sizes[i]; marks++)
			va = vmap_purge_mark_piece(va, &purged);
		while (!list_empty(&purged)) {
			struct list_head *first = purged.next;

			list_del(first);
			list_add_tail(first, &ready);
		}
	}

	for (unsigned int i = 0, left; i < nr_purges; i++)
		for (left = sizes[i]; left;) {
			unsigned int want = left < VMAP_PURGE_PIECE ? left : VMAP_PURGE_PIECE, got = 0;
			LIST_HEAD(piece);

			vmap_purge_take_piece(&ready, &piece);
			for (struct list_head *pos = piece.next; pos != &piece; pos = pos->next, got++) {
				check_eq(list_entry(pos, struct vmap_area, list)->va_start, next++);
				check_eq(pos->prev->next == pos, 1);
			}
			check_eq(got, want);
			free_areas(&piece);
			if (!got)
				return;
			left -= want;
		}
	check_eq(list_empty(&ready), 1);
	LIST_HEAD(none);
	vmap_purge_take_piece(&ready, &none);
	check_eq(list_empty(&none), 1);
}

static void test_pieces_short(void)
{
	static const unsigned int sizes[] = {
		0, 1, 2, VMAP_PURGE_PIECE - 1, VMAP_PURGE_PIECE, VMAP_PURGE_PIECE + 1, 2 * VMAP_PURGE_PIECE, 1000
	};
	enum { NR = sizeof(sizes) / sizeof(sizes[0]) };

	for (unsigned int n = 0; n < NR * NR * NR; n++)
		pieces((const unsigned int[]) { sizes[n % NR], sizes[n / NR % NR], sizes[n / NR / NR] }, 3);
}

static void test_pieces_random(void)
{
	unsigned int sizes[20];

	for (unsigned int i = 0; i < 20; i++)
		sizes[i] = rnd(2) ? rnd(2000) : rnd(4);
	pieces(sizes, 20);
}

static const struct {
	const char *name;
	void (*func)(void);
	bool random;
} tests[] = {
	{ "append folds neighbours: all lists of up to 14 pages", test_append_short, false },
	{ "append folds neighbours: random lists of up to 100000 pages", test_append_random, true },
	{ "append in any order: all lists of up to five areas in four pages", test_append_any_order, false },
	{ "append in any order: random lists of 4096 areas of several nodes", test_append_nodes, true },
	{ "append and link after at both ends of the address space", test_ends, false },
	{ "link after: all trees of up to five areas", test_link_short, false },
	{ "link after: random trees", test_link_random, true },
	{ "fold and insert in batches: free space is what a page map says", test_purge, true },
	{ "fold and insert in batches: the same among other areas", test_purge_others, true },
	{ "pieces: three purges of none, few, a piece and more each", test_pieces_short, false },
	{ "pieces: 20 purges of up to 2000 areas", test_pieces_random, true },
};

/* A number above 0, or the end. */
static unsigned long number(const char *word, const char *what)
{
	char *end;
	unsigned long found = strtoul(word, &end, 10);

	if (found && !*end)
		return found;
	fprintf(stderr, "%s has to be a number above 0, not \"%s\"\n", what, word);
	exit(1);
}

int main(int argc, char **argv)
{
	unsigned int i, failed = 0, nr = sizeof(tests) / sizeof(tests[0]);
	unsigned long rounds = argc > 2 ? number(argv[2], "ROUNDS") : 50;

	if (argc > 1)
		seed = number(argv[1], "SEED");
	/* What a crash cuts off is the line of the test that crashed, not those before it. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n# seed %lu, %lu rounds\n1..%u\n", seed, rounds, nr);
	for (i = 0; i < nr; i++) {
		nr_checks = nr_wrong = 0;
		rnd_state = seed * 0x9e3779b97f4a7c15ull + 1;
		for (round_nr = 1; round_nr <= (tests[i].random ? rounds : 1); round_nr++)
			tests[i].func();
		printf("%s %u %s # %u checks\n", nr_wrong ? "not ok" : "ok", i + 1,
		       tests[i].name, nr_checks);
		failed += !!nr_wrong;
	}
	return !!failed;
}
