// SPDX-License-Identifier: GPL-2.0
/*
 * preempt-off.c - QEMU TCG plugin: how many instructions a guest spends with
 * preemption off, and who turned it off; and how many with a spinlock held
 *
 * A section begins where preempt_count leaves 0 and ends where it comes back to
 * it, be that in another task. Interrupts inside of it, and the softirqs that run
 * when they end, are subtracted, but for the some 60 instructions of entry code;
 * those softirqs are a section of their own.
 * The same for a lock, from the store that takes it to the one that gives it up.
 * Whatever the plugin does takes no virtual time, so the guest is the one that
 * runs without it, to the last instruction. One running CPU, no KASLR.
 *
 * Arguments: start=ADDRESS	code that begins the recording when executed
 *	      stop=ADDRESS	code that ends it; both as often as they come
 *	      irqs=MASK		of preempt_count, for hard interrupts and NMIs
 *	      locks=ADDRESS	of the code that takes spinlocks, and
 *	      locks_end=ADDRESS	of its end
 *	      out=FILE		what to write; FILE.locks is the same of locks, FILE.times
 *				has the longer sections of the first tenth of a second
 *	      and those of the architecture, see there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preempt-off.h"

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define SOFTIRQ_SERVED	0x00000100u
#define DEPTH		12		/* of a chain of callers */
#define KEY		4		/* of these, so many tell sites apart */
#define NR_SITES	(1u << 16)
#define NR_STACKS	(1u << 12)
#define NR_BINS		40
#define NR_HOLDS	32		/* locks held at one time */
#define TIMES_FROM	1000		/* shorter sections are not in FILE.times, */
#define TIMES_LAST	100000000	/* nor what came so much after the first start */

static struct stack stacks[NR_STACKS];	/* who calls whom, by stack */
struct stack *stack = stacks;

/* All sections that began the same way, or all holds of a lock. */
struct site {
	uint64_t chain[DEPTH];		/* who turned preemption off, or the lock, first */
	uint64_t count, total, max;
	uint64_t max_end;		/* where the longest ended */
	uint64_t bin[NR_BINS];		/* by the length's number of bits */
};

static struct site sites[NR_SITES], lock_sites[NR_SITES];

static struct time {
	struct time *next;
	uint64_t begin, length, chain[KEY];
} *times, **last_time = &times;
static uint64_t first_start;

static uint64_t arg_start, arg_stop, arg_irqs, arg_locks, arg_locks_end;
static const char *arg_out = "preempt-off";
uint64_t now;
static uint32_t count = 1;		/* the guest's preempt_count, as at boot */
static bool recording = true;
static struct section {
	bool counts;			/* began while recording */
	unsigned int level;		/* interrupts above it do not count */
	uint64_t begin, irq_begin, irq;
	uint64_t chain[DEPTH];
} section, softirqs;			/* what runs softirqs in the middle of one is another */

static struct hold {
	uint64_t lock;			/* its address, 0 if this is free */
	bool counts;
	uint64_t begin, section, irq;
	uint64_t chain[DEPTH];
} holds[NR_HOLDS];

static struct site *find_site(struct site *table, const uint64_t *chain)
{
	uint64_t hash = 0;
	unsigned int i;

	for (i = 0; i < KEY; i++)
		hash = (hash ^ chain[i]) * 0x9e3779b97f4a7c15ull;

	for (i = 0; i < NR_SITES; i++) {
		struct site *site = &table[((hash >> 48) + i) % NR_SITES];

		if (!site->count)
			memcpy(site->chain, chain, sizeof(site->chain));
		if (!memcmp(site->chain, chain, KEY * sizeof(*chain)))
			return site;
	}

	fputs("preempt-off: more than 65536 sites\n", stderr);
	exit(1);
}

static void record(struct site *table, const uint64_t *chain, uint64_t length, uint64_t end)
{
	unsigned int bits = length ? 64 - __builtin_clzll(length) : 0;
	struct site *site = find_site(table, chain);

	if (!site->count || length > site->max) {
		memcpy(site->chain, chain, sizeof(site->chain));
		site->max = length;
		site->max_end = end;
	}
	site->count++;
	site->total += length;
	site->bin[bits < NR_BINS ? bits : NR_BINS - 1]++;
}

/* What @chain begins with, and who has called that. */
static void fill_chain(uint64_t *chain, uint64_t first)
{
	unsigned int i, nr = stack->nr;

	chain[0] = first;
	for (i = 1; i < DEPTH; i++)
		chain[i] = nr ? stack->frame[--nr].pc : 0;
}

static unsigned int irq_level(uint32_t value)
{
	if (value & arg_irqs)
		return 2;
	return value & SOFTIRQ_SERVED ? 1 : 0;
}

static void begin_section(struct section *section, uint64_t pc)
{
	section->counts = recording;
	section->level = irq_level(count);
	section->begin = now;
	section->irq = 0;
	fill_chain(section->chain, pc);
}

static void keep_time(const struct section *section, uint64_t length)
{
	struct time *time;

	if (length < TIMES_FROM || section->begin - first_start > TIMES_LAST)
		return;
	time = calloc(1, sizeof(*time));
	time->begin = section->begin - first_start;
	time->length = length;
	memcpy(time->chain, section->chain, sizeof(time->chain));
	*last_time = time;
	last_time = &time->next;
}

static void end_section(const struct section *section, uint64_t pc)
{
	uint64_t length = now - section->begin - section->irq;

	if (!section->counts || !recording)
		return;

	keep_time(section, length);
	record(sites, section->chain, length, pc);
}

/* Interrupts from level @from to @to: the time above that of @section is not its own. */
static void change_level(struct section *section, unsigned int from, unsigned int to)
{
	if (from <= section->level && to > section->level)
		section->irq_begin = now;
	else if (from > section->level && to <= section->level)
		section->irq += now - section->irq_begin;
}

void change_count(uint64_t pc, uint32_t delta)
{
	uint32_t old = count;
	unsigned int from, to;

	count += delta;
	from = irq_level(old);
	to = irq_level(count);
	if (!old && count) {
		begin_section(&section, pc);
	} else if (old && !count) {
		end_section(&section, pc);
	} else if (from != to) {
		change_level(&section, from, to);
		if (section.level > 0)
			return;
		if (from == 0 && to == 1)
			begin_section(&softirqs, pc);
		else if (from == 1 && to == 0)
			end_section(&softirqs, pc);
		else
			change_level(&softirqs, from, to);
	}
}

bool in_lock_text(uint64_t pc)
{
	return pc >= arg_locks && pc < arg_locks_end;
}

/* The place of @lock, or else a free one, or the one that is taken the longest. */
static struct hold *find_hold(uint64_t lock)
{
	struct hold *hold, *found = holds;

	for (hold = holds; hold < holds + NR_HOLDS; hold++) {
		if (hold->lock == lock)
			return hold;
		if (found->lock && (!hold->lock || hold->begin < found->begin))
			found = hold;
	}
	return found;
}

/*
 * QEMU also calls these for the pushes of an interrupt that comes before the
 * instruction. A lock has 32 bits, of which 8 are written to give it up. To
 * try to take it is a store, too.
 */
void exec_take(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t lock, void *arg)
{
	struct hold *hold = find_hold(lock);

	if (hold->lock == lock || qemu_plugin_mem_size_shift(info) != 2)
		return;
	hold->lock = lock;
	hold->counts = recording;
	hold->begin = now;
	hold->section = section.begin;
	hold->irq = section.irq;
	fill_chain(hold->chain, lock);
}

void exec_give(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t lock, void *pc)
{
	struct hold *hold = find_hold(lock);

	if (hold->lock != lock || qemu_plugin_mem_size_shift(info))
		return;
	hold->lock = 0;
	if (hold->counts && recording && hold->section == section.begin)
		record(lock_sites, hold->chain, now - hold->begin - (section.irq - hold->irq),
		       (uintptr_t)pc);
}

/*
 * __local_bh_enable_ip() takes all off but one. What it takes is a constant of
 * its caller's: 0x200, or 0x201 if a lock is given up as well.
 */
static uint64_t bh_taken = BH_LOCKED;

void exec_bh_enable(unsigned int cpu, void *taken)
{
	bh_taken = (uintptr_t)taken;
}

uint32_t bh_enable_delta(void)
{
	return 1 - bh_taken;
}

/* The idle task has preemption off for as long as it lasts. */
void exec_halt(unsigned int cpu, void *pc)
{
	if (!count)
		return;
	end_section(&section, (uintptr_t)pc);
	begin_section(&section, (uintptr_t)pc);
}

/* If the count is not what it must be there, all since it went wrong is too. */
void expect_count(uint32_t expected, const char *where)
{
	if (count == expected)
		return;
	fprintf(stderr, "preempt-off: preempt_count is %u %s, not %#x\n", expected, where,
		count);
	_exit(1);
}

void exec_user(unsigned int cpu, void *arg)
{
	expect_count(0, "on the border to user space");
}

static void exec_start(unsigned int cpu, void *arg)
{
	recording = true;
	if (!first_start)
		first_start = now;
}

static void exec_stop(unsigned int cpu, void *arg)
{
	recording = false;
}

void use_stack(uint64_t id)
{
	if (stack->id == id)
		return;
	stack = &stacks[id % NR_STACKS];
	if (stack->id != id) {
		stack->id = id;
		stack->nr = 0;
	}
}

void push_frame(uint64_t sp, uint64_t pc)
{
	if (stack->nr == NR_FRAMES)
		stack->nr = 0;
	stack->frame[stack->nr].sp = sp;
	stack->frame[stack->nr++].pc = pc;
}

static void translate_insn(struct qemu_plugin_insn *insn)
{
	uint64_t pc = qemu_plugin_insn_vaddr(insn);

	qemu_plugin_register_vcpu_insn_exec_inline(insn,
			QEMU_PLUGIN_INLINE_ADD_U64, &now, 1);
	if (!(pc >> 63))
		return;

	if (pc == arg_start)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_start,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (pc == arg_stop)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_stop,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	arch_translate(insn, qemu_plugin_insn_data(insn),
		       qemu_plugin_insn_size(insn), pc);
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, nr - 1);
	uint64_t next = qemu_plugin_insn_vaddr(insn) + qemu_plugin_insn_size(insn);

	arch_begin(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)));
	for (i = 0; i < nr; i++)
		translate_insn(qemu_plugin_tb_get_insn(tb, i));
	arch_end(next);
}

static FILE *open_out(const char *suffix)
{
	size_t size = strlen(arg_out) + strlen(suffix) + 1;
	char *name = malloc(size);
	FILE *f;

	snprintf(name, size, "%s%s", arg_out, suffix);
	f = fopen(name, "w");
	if (!f)
		perror(name);
	return f;
}

/* A line per section: when it began, its length, its chain. */
static void write_times(void)
{
	FILE *f = open_out(".times");
	const struct time *time;
	unsigned int i;

	if (!f)
		return;
	for (time = times; time; time = time->next) {
		fprintf(f, "%lu %lu", time->begin, time->length);
		for (i = 0; i < KEY && time->chain[i]; i++)
			fprintf(f, " %lx", time->chain[i]);
		fputc('\n', f);
	}
	fclose(f);
}

/* A line per site: count, total, longest, its end, its chain, the histogram. */
static void write_sites(const struct site *table, const char *suffix)
{
	FILE *f = open_out(suffix);
	unsigned int i, j;

	if (!f)
		return;
	for (i = 0; i < NR_SITES; i++) {
		const struct site *site = &table[i];

		if (!site->count)
			continue;
		fprintf(f, "%lu %lu %lu %lx", site->count, site->total,
			site->max, site->max_end);
		for (j = 0; j < DEPTH && site->chain[j]; j++)
			fprintf(f, " %lx", site->chain[j]);
		fputs(" :", f);
		for (j = 0; j < NR_BINS; j++)
			fprintf(f, " %lu", site->bin[j]);
		fputc('\n', f);
	}
	fclose(f);
}

static void write_all(qemu_plugin_id_t id, void *arg)
{
	write_sites(sites, "");
	write_sites(lock_sites, ".locks");
	write_times();
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return -1;
		*value++ = '\0';
		if (!strcmp(argv[i], "start"))
			arg_start = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "stop"))
			arg_stop = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "irqs"))
			arg_irqs = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "locks"))
			arg_locks = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "locks_end"))
			arg_locks_end = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "out"))
			arg_out = strdup(value);
		else if (!arch_argument(argv[i], strtoull(value, NULL, 16)))
			return -1;
	}
	recording = !arg_start;

	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, write_all, NULL);
	return 0;
}
