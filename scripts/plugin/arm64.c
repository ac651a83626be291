// SPDX-License-Identifier: GPL-2.0
/*
 * arm64.c - preempt-off on arm64: preempt_count is in the task, and is loaded,
 * added to and stored by three instructions; calls leave no trace in memory
 *
 * It is the same number on both sides of a switch from task to task, so one
 * count does for all tasks. All that has to be known is which task runs.
 *
 * Arguments: task=ADDRESS	of init_task
 *	      switch=ADDRESS	of cpu_switch_to()
 *	      sync=ADDRESS	of the entry of exceptions from user space
 *	      irq=ADDRESS	of the entry of interrupts from user space
 */
#include <stdlib.h>
#include <string.h>
#include "preempt-off.h"

#define NR_REGS		32
#define NR_PLACES	(1u << 22)	/* instructions of the kernel and its modules */
#define SWITCH_SIZE	0x60		/* of cpu_switch_to(), at least */

/*
 * What a register has: a constant, or what was loaded from #offset of something
 * and added to. That of what is of no interest: an address may be in two registers,
 * and whether it is the running task's count is seen when it is stored.
 */
struct value {
	enum { UNKNOWN, CONSTANT, LOADED } kind;
	bool by_register;
	uint16_t offset;
	uint32_t delta;			/* or the constant */
};

struct change {
	uint64_t pc;
	uint64_t offset;
	uint32_t delta;
	bool by_register;		/* only in __local_bh_enable_ip() */
};

static uint64_t current;		/* the task that runs */
static uint64_t arg_switch, arg_sync, arg_irq;
static uint64_t switch_offset;		/* of what cpu_switch_to() loads first */

static struct value reg[NR_REGS];
static uint32_t last_op;			/* the instruction before, in the same block */
/*
 * A block may end between load and store: what is in registers then, by the
 * address of the next instruction. A block that begins behind the load may also
 * be translated long after the one with the load: what is known of a store.
 */
static struct place {
	uint64_t pc;
	struct value reg[NR_REGS];
	struct change *change;
} *places[NR_PLACES];

static struct place *find_place(uint64_t pc)
{
	struct place *place = places[(pc >> 2) % NR_PLACES];

	return place && place->pc == pc ? place : NULL;
}

static struct place *make_place(uint64_t pc)
{
	struct place **place = &places[(pc >> 2) % NR_PLACES];

	if (!*place)
		*place = calloc(1, sizeof(**place));
	if ((*place)->pc != pc)
		**place = (struct place){ .pc = pc };
	return *place;
}

static void run_task(uint64_t task)
{
	current = task;
	use_stack(task >> 6);		/* a task_struct is aligned to cache lines */
}

bool arch_argument(const char *name, uint64_t value)
{
	if (!strcmp(name, "task"))
		run_task(value);
	else if (!strcmp(name, "switch"))
		arg_switch = value;
	else if (!strcmp(name, "sync"))
		arg_sync = value;
	else if (!strcmp(name, "irq"))
		arg_irq = value;
	else
		return false;
	return true;
}

void arch_begin(uint64_t pc)
{
	const struct place *place = find_place(pc);

	last_op = 0;
	if (place)
		memcpy(reg, place->reg, sizeof(reg));
	else
		memset(reg, 0, sizeof(reg));
}

void arch_end(uint64_t next)
{
	unsigned int i;

	for (i = 0; i < NR_REGS && !reg[i].kind; i++)
		;
	if (i < NR_REGS)
		memcpy(make_place(next)->reg, reg, sizeof(reg));
}

static void exec_change(unsigned int cpu, qemu_plugin_meminfo_t info,
			uint64_t addr, void *arg)
{
	const struct change *change = arg;

	if (addr == current + change->offset)
		change_count(change->pc, change->by_register ?
			     bh_enable_delta() : change->delta);
}

/*
 * The first load of cpu_switch_to() is from the task that is to run. There
 * preemption is off twice.
 */
static void exec_switch(unsigned int cpu, qemu_plugin_meminfo_t info,
			uint64_t addr, void *arg)
{
	static uint64_t last;

	if (now == last)		/* the second register */
		return;
	last = now;
	expect_count(2, "at a switch to another task");
	run_task(addr - switch_offset);
}

static void exec_call(unsigned int cpu, void *pc)
{
	push_frame(0, (uintptr_t)pc);
}

static void exec_ret(unsigned int cpu, void *pc)
{
	if (stack->nr)
		stack->nr--;
}

/* Entry from user space: nothing called this. */
static void exec_entry(unsigned int cpu, void *arg)
{
	stack->nr = 0;
	exec_user(cpu, arg);
}

static void on_exec(struct qemu_plugin_insn *insn,
		    void (*cb)(unsigned int cpu, void *arg), uint64_t arg)
{
	qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, QEMU_PLUGIN_CB_NO_REGS,
					       (void *)(uintptr_t)arg);
}

/* An addition to, or a subtraction from, what was loaded. */
static struct value add(uint32_t op)
{
	struct value n = reg[op >> 5 & 31], m = reg[op >> 16 & 31], sum;
	bool sub = op >> 30 & 1;

	if ((op & 0x3f800000) == 0x11000000) {
		m.kind = CONSTANT;
		m.delta = (op >> 10 & 0xfff) << (op >> 22 & 1 ? 12 : 0);
	}
	sum = n.kind == LOADED || sub ? n : m;
	if (sum.kind != LOADED)
		return (struct value){ .kind = UNKNOWN };
	if (n.kind + m.kind == LOADED + CONSTANT)
		sum.delta = sub ? n.delta - m.delta : n.delta + m.delta;
	else
		sum.by_register = true;
	return sum;
}

/* Follow what is loaded, added to and stored again. */
static void translate_value(struct qemu_plugin_insn *insn, uint32_t op, uint64_t pc)
{
	unsigned int d = op & 31;
	unsigned int offset = (op >> 10 & 0xfff) * (op >> 30 & 1 ? 8 : 4);
	uint32_t imm = (op >> 5 & 0xffff) << (op >> 21 & 1 ? 16 : 0);	/* of mov */
	struct value value = { .kind = UNKNOWN };

	if ((op & 0xbfc00000) == 0xb9000000) {			/* str */
		struct place *place = find_place(pc);

		value = reg[d];
		if (value.kind == LOADED && value.offset == offset &&
		    (value.delta || value.by_register)) {
			place = make_place(pc);
			if (!place->change)
				place->change = malloc(sizeof(*place->change));
			*place->change = (struct change) {
				.pc = pc, .offset = offset, .delta = value.delta,
				.by_register = value.by_register,
			};
		}
		if (place && place->change)
			on_store(insn, exec_change, place->change);
		return;
	}

	if ((op & 0xbfc00000) == 0xb9400000 && (offset == 8 || offset == 16))
		value = (struct value){ .kind = LOADED, .offset = offset }; /* ldr */
	else if ((op & 0x7fc00000) == 0x52800000)		/* mov */
		value = (struct value){ .kind = CONSTANT, .delta = imm };
	else if ((op & 0x7fc00000) == 0x12800000)		/* mov, inverted */
		value = (struct value){ .kind = CONSTANT, .delta = ~imm };
	else if ((op & 0x3f800000) == 0x11000000 || (op & 0x3fe0fc00) == 0x0b000000)
		value = add(op);
	reg[d] = value;
}

void arch_translate(struct qemu_plugin_insn *insn, const uint8_t *b,
		    size_t size, uint64_t pc)
{
	uint32_t op = b[0] | b[1] << 8 | b[2] << 16 | (uint32_t)b[3] << 24;
	void *arg = (void *)(uintptr_t)pc;

	if (pc - arg_switch < SWITCH_SIZE) {
		if ((op & 0xffe0001f) == 0xd280000a)		/* mov x10, #offset */
			switch_offset = op >> 5 & 0xffff;
		if ((op & 0xffc07fff) == 0xa8c05113)		/* ldp x19, x20, [x8], # */
			qemu_plugin_register_vcpu_mem_cb(insn, exec_switch,
					QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
	}
	if (pc == arg_sync || pc == arg_irq)
		on_exec(insn, exec_entry, 0);

	if ((op & 0xfc000000) == 0x94000000 || (op & 0xfffffc1f) == 0xd63f0000)
		on_exec(insn, exec_call, pc);			/* bl, blr */
	else if ((op & 0xfffffc1f) == 0xd65f0000)
		on_exec(insn, exec_ret, pc);			/* ret */
	else if (op == 0xd503207f)
		on_exec(insn, exec_halt, pc);			/* wfi */
	else if ((op | 0x20) == (0x52800001 | (BH_LOCKED | 1) << 5))
		on_exec(insn, exec_bh_enable, op >> 5 & 0xffff); /* mov w1, # */
	else if (in_lock_text(pc) && (op & 0xffe08000) == 0x88000000 && (last_op & 0x3f800000) != 0x11000000)
		on_store(insn, exec_take, arg);			/* stxr, but of a sum: that is a reader's */
	else if ((op & 0xfffffc00) == 0x089ffc00)
		on_store(insn, exec_give, arg);			/* stlrb */
	else
		translate_value(insn, op, pc);
	last_op = op;
}
