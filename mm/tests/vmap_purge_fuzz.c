// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on mm/vmap_purge.h: the input is a list of operations of three
 * bytes, which the code and the model of the tests both carry out. Aborts where
 * they differ. Run by "make fuzz".
 */
#include <stdint.h>
#include <stdio.h>

/* What an input can reach, 255 + 1 + 15, and some: fewer pages are more executions. */
#define PAGES	288
#include "vmap_purge_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *file, int line, const char *what, unsigned long a, unsigned long b)
{
	if (a == b)
		return;
	fprintf(stderr, "%s:%d: %s: 0x%lx != 0x%lx\n", file, line, what, a, b);
	abort();
}

/* The area of the tree that has number @nr in its list, or NULL. */
static struct vmap_area *nth_area(struct tree *tree, unsigned int nr)
{
	struct list_head *pos = tree->head.next;

	while (nr-- && pos != &tree->head)
		pos = pos->next;
	return pos == &tree->head ? NULL : list_entry(pos, struct vmap_area, list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct folded list;
	static struct space space;
	struct vmap_area *va, *hint = NULL;
	unsigned long addr = 0;
	unsigned int hits = 0;

	folded_init(&list);
	space_init(&space);
	for (; size >= 3 && !folded_full(&list); size -= 3, data += 3) {
		unsigned int a = data[1], b = data[2];

		switch (data[0] % 6) {
		case 0:	/* The next area, and how far it is. */
			addr = (addr + a % 4) % 256;
			append(&list, addr, addr + 1 + b % 16);
			addr += 1 + b % 16;
			break;
		case 1:	/* The areas of the next node. */
			addr = a;
			break;
		case 2:	/* A batch of one area or more. */
			do {
				va = pop(&list);
				if (va)
					hint = give_back(&space, va, hint, &hits);
			} while (va && b--);
			break;
		case 3:	/* The lock was dropped. */
			hint = NULL;
			break;
		case 4:	/* So it was, and somebody else has allocated. */
			hint = NULL;
			take(&space, a);
			break;
		case 5:	/* Any hint for any area. */
			va = nth_area(&space.tree, data[0] / 6);
			if (va)
				check_link(&space.tree, &(struct vmap_area) { a, a + 1 + b % 16 }, va);
			break;
		}
	}
	check_folded(&list);
	check_space(&space);
	free_areas(&list.head);
	free_areas(&space.tree.head);
	return 0;
}
