// SPDX-License-Identifier: GPL-2.0
/*
 * preempt-off.c - QEMU TCG plugin: how many instructions a guest spends with
 * preemption off, and who turned it off
 *
 * A section begins where preempt_count leaves 0 and ends where it comes back to
 * it, be that in another task. Interrupts inside of it, and the softirqs that run
 * when they end, are subtracted, but for the some 60 instructions of entry code. Whatever the plugin does takes
 * no virtual time, so the guest is the one that runs without it, to the last
 * instruction. One running CPU, x86_64, no KASLR.
 *
 * Arguments: count=ADDRESS	of preempt_count, relative to the per-CPU area
 *	      start=ADDRESS	code that begins the recording when executed
 *	      stop=ADDRESS	code that ends it; both as often as they come
 *	      out=FILE		what to write
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The part of QEMU's plugin interface, version 1, that this needs. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint32_t qemu_plugin_meminfo_t;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, void *arg), void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
		enum qemu_plugin_op op, void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, void *arg),
		enum qemu_plugin_cb_flags flags, void *arg);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, qemu_plugin_meminfo_t info,
			   uint64_t addr, void *arg),
		enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
		void *arg);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

#define HARDIRQ_MASK	0x00ff0000u	/* and NMI */
#define SOFTIRQ_SERVED	0x00000100u
#define BH_LOCKED	0x00000200u
#define STACK_SHIFT	14		/* THREAD_SIZE, and its alignment */
#define DEPTH		12		/* of a chain of callers */
#define KEY		4		/* of these, so many tell sites apart */
#define NR_SITES	(1u << 16)
#define NR_STACKS	(1u << 12)
#define NR_FRAMES	128
#define NR_BINS		40

/* Who calls whom, by stack: the place of each return address, and the caller. */
static struct stack {
	uint64_t id;
	unsigned int nr;
	struct frame {
		uint64_t sp;
		uint64_t pc;
	} frame[NR_FRAMES];
} stacks[NR_STACKS], *stack = stacks;

/* All sections that began the same way. */
static struct site {
	uint64_t chain[DEPTH];		/* who turned preemption off first */
	uint64_t count, total, max;
	uint64_t max_end;		/* where the longest ended */
	uint64_t bin[NR_BINS];		/* by the length's number of bits */
} sites[NR_SITES];

static uint64_t now;			/* instructions executed */
static uint32_t count = 1;		/* the guest's preempt_count, as at boot */
static uint64_t count_addr;		/* where the guest has it */
static unsigned int nr_moves;
static uint64_t last_pc, last_change;	/* the last change of it */
static bool recording = true;
static struct {
	bool counts;			/* began while recording */
	unsigned int level;		/* interrupts above it do not count */
	uint64_t begin, irq_begin, irq;
	uint64_t chain[DEPTH];
} section;

static uint64_t arg_count, arg_start, arg_stop;
static const char *arg_out = "preempt-off";

static struct site *find_site(const uint64_t *chain)
{
	uint64_t hash = 0;
	unsigned int i;

	for (i = 0; i < KEY; i++)
		hash = (hash ^ chain[i]) * 0x9e3779b97f4a7c15ull;

	for (i = 0; i < NR_SITES; i++) {
		struct site *site = &sites[((hash >> 48) + i) % NR_SITES];

		if (!site->count)
			memcpy(site->chain, chain, sizeof(site->chain));
		if (!memcmp(site->chain, chain, KEY * sizeof(*chain)))
			return site;
	}

	fputs("preempt-off: more than 65536 sites\n", stderr);
	exit(1);
}

static unsigned int irq_level(uint32_t value)
{
	if (value & HARDIRQ_MASK)
		return 2;
	return value & SOFTIRQ_SERVED ? 1 : 0;
}

static void begin_section(uint64_t pc)
{
	unsigned int i, nr = stack->nr;

	section.counts = recording;
	section.level = irq_level(count);
	section.begin = now;
	section.irq = 0;
	section.chain[0] = pc;
	for (i = 1; i < DEPTH; i++)
		section.chain[i] = nr ? stack->frame[--nr].pc : 0;
}

static void end_section(uint64_t pc)
{
	uint64_t length = now - section.begin - section.irq;
	unsigned int bits = length ? 64 - __builtin_clzll(length) : 0;
	struct site *site;

	if (!section.counts || !recording)
		return;

	site = find_site(section.chain);
	if (!site->count || length > site->max) {
		memcpy(site->chain, section.chain, sizeof(site->chain));
		site->max = length;
		site->max_end = pc;
	}
	site->count++;
	site->total += length;
	site->bin[bits < NR_BINS ? bits : NR_BINS - 1]++;
}

static void change_count(uint64_t pc, uint32_t delta)
{
	uint32_t old = count;

	count += delta;
	if (!old && count)
		begin_section(pc);
	else if (old && !count)
		end_section(pc);
	else if (irq_level(old) <= section.level && irq_level(count) > section.level)
		section.irq_begin = now;
	else if (irq_level(old) > section.level && irq_level(count) <= section.level)
		section.irq += now - section.irq_begin;
}

/* An instruction that may change preempt_count. */
struct change {
	uint64_t pc;
	uint32_t delta;
	bool by_register;
	bool is_count;			/* its operand is known to be it */
};

/*
 * The only one that adds a register: __local_bh_enable_ip() takes all off but
 * one. What it takes is a constant of its caller's: 0x200, or 0x201 if a lock is
 * given up as well.
 */
static uint64_t bh_taken = BH_LOCKED;

static void exec_bh_enable(unsigned int cpu, void *arg)
{
	bh_taken = (uintptr_t)arg;
}

static void exec_change(unsigned int cpu, qemu_plugin_meminfo_t info,
			uint64_t addr, void *arg)
{
	const struct change *change = arg;

	/*
	 * The per-CPU area moves once, at boot. QEMU calls this also for the
	 * pushes of an interrupt that comes before the instruction.
	 */
	if (change->is_count && addr != count_addr && nr_moves < 2 &&
	    !((addr ^ arg_count) & 0xfff)) {
		count_addr = addr;
		nr_moves++;
	}
	/* It calls for what is read and for what is written. */
	if (addr != count_addr || (change->pc == last_pc && now == last_change))
		return;
	last_pc = change->pc;
	last_change = now;
	change_count(change->pc, change->by_register ?
		     1 - bh_taken : change->delta);
}

/* The idle task has preemption off for as long as it lasts. */
static void exec_halt(unsigned int cpu, void *arg)
{
	if (!count)
		return;
	end_section((uintptr_t)arg);
	begin_section((uintptr_t)arg);
}

/* On the way to user space preemption is on; else all since then is wrong. */
static void exec_sysret(unsigned int cpu, void *arg)
{
	if (!count)
		return;
	fprintf(stderr, "preempt-off: preempt_count is 0 on the way to user space, not %#x\n",
		count);
	_exit(1);
}

static void exec_start(unsigned int cpu, void *arg)
{
	recording = true;
}

static void exec_stop(unsigned int cpu, void *arg)
{
	recording = false;
}

/* Find the stack that @sp belongs to, without what is below @sp. */
static void find_stack(uint64_t sp)
{
	uint64_t id = sp >> STACK_SHIFT;

	if (stack->id != id) {
		stack = &stacks[id % NR_STACKS];
		if (stack->id != id) {
			stack->id = id;
			stack->nr = 0;
		}
	}

	while (stack->nr && stack->frame[stack->nr - 1].sp <= sp)
		stack->nr--;
}

static void exec_call(unsigned int cpu, qemu_plugin_meminfo_t info,
		      uint64_t sp, void *arg)
{
	find_stack(sp);
	if (stack->nr == NR_FRAMES)
		stack->nr = 0;
	stack->frame[stack->nr].sp = sp;
	stack->frame[stack->nr++].pc = (uintptr_t)arg;
}

static void exec_ret(unsigned int cpu, qemu_plugin_meminfo_t info,
		     uint64_t sp, void *arg)
{
	find_stack(sp);
}

static int32_t get_le32(const uint8_t *p)
{
	return (int32_t)(p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24);
}

/*
 * May the instruction change preempt_count? All that do: incl, decl, addl and
 * subl with a %gs: prefix. Most have its address in them.
 */
static bool may_change(const uint8_t *b, size_t size, struct change *change)
{
	const uint8_t *end = b + size;
	uint64_t addr = 0;

	if (size < 4 || b++[0] != 0x65)
		return false;
	if ((b[0] & 0xf0) == 0x40)	/* REX */
		b++;

	switch (b[0] << 8 | (b[1] >> 3 & 7)) {
	case 0xff00:
		change->delta = 1;
		break;
	case 0xff01:
		change->delta = -1;
		break;
	case 0x8100:
		change->delta = get_le32(end - 4);
		break;
	case 0x8105:
		change->delta = -get_le32(end - 4);
		break;
	case 0x8300:
		change->delta = (int8_t)end[-1];
		break;
	case 0x8305:
		change->delta = -(int8_t)end[-1];
		break;
	default:
		if (b[0] != 0x01 && b[0] != 0x29)
			return false;
		change->by_register = true;
	}

	if ((b[1] & 0xc7) == 0x05)
		addr = change->pc + size + get_le32(b + 2);
	else if ((b[1] & 0xc7) == 0x04 && b[2] == 0x25)
		addr = get_le32(b + 3);
	change->is_count = addr == arg_count;
	return true;
}

static void translate_insn(struct qemu_plugin_insn *insn)
{
	const uint8_t *b = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);
	uint64_t pc = qemu_plugin_insn_vaddr(insn);
	void *arg = (void *)(uintptr_t)pc;
	size_t op = (b[0] & 0xf0) == 0x40;	/* behind a REX prefix */
	struct change change = { .pc = pc };

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

	if (may_change(b, size, &change)) {
		arg = malloc(sizeof(change));
		memcpy(arg, &change, sizeof(change));
		qemu_plugin_register_vcpu_mem_cb(insn, exec_change,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, arg);
	} else if (b[0] == 0xbe && (get_le32(b + 1) | 1) == (BH_LOCKED | 1)) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_bh_enable,
				QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)get_le32(b + 1));
	} else if (size == 3 && !memcmp(b, "\x48\x0f\x07", 3)) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_sysret,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	} else if (b[0] == 0xf4) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_halt,
				QEMU_PLUGIN_CB_NO_REGS, arg);
	} else if (b[op] == 0xe8 || (b[op] == 0xff && (b[op + 1] & 0x38) == 0x10)) {
		qemu_plugin_register_vcpu_mem_cb(insn, exec_call,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, arg);
	} else if (b[0] == 0xc3 || b[0] == 0xc2) {
		qemu_plugin_register_vcpu_mem_cb(insn, exec_ret,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_R, arg);
	}
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		translate_insn(qemu_plugin_tb_get_insn(tb, i));
}

/* A line per site: count, total, longest, its end, its chain, the histogram. */
static void write_sites(qemu_plugin_id_t id, void *arg)
{
	FILE *f = fopen(arg_out, "w");
	unsigned int i, j;

	if (!f) {
		perror(arg_out);
		return;
	}

	for (i = 0; i < NR_SITES; i++) {
		const struct site *site = &sites[i];

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
		if (!strcmp(argv[i], "count"))
			arg_count = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "start"))
			arg_start = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "stop"))
			arg_stop = strtoull(value, NULL, 16);
		else if (!strcmp(argv[i], "out"))
			arg_out = strdup(value);
		else
			return -1;
	}
	recording = !arg_start;

	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, write_sites, NULL);
	return 0;
}
