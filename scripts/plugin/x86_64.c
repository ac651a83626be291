// SPDX-License-Identifier: GPL-2.0
/*
 * x86_64.c - preempt-off on x86_64: preempt_count is a per-CPU variable, calls
 * are what pushes a return address
 *
 * Argument: count=ADDRESS	of preempt_count, relative to the per-CPU area
 */
#include <stdlib.h>
#include <string.h>
#include "preempt-off.h"

#define STACK_SHIFT	14		/* THREAD_SIZE, and its alignment */

static uint64_t arg_count;
static uint64_t count_addr;		/* where the guest has it */
static unsigned int nr_moves;
static uint64_t last_pc, last_change;	/* the last change of it */

/* An instruction that may change preempt_count. */
struct change {
	uint64_t pc;
	uint32_t delta;
	bool by_register;		/* only in __local_bh_enable_ip() */
	bool is_count;			/* its operand is known to be it */
};

bool arch_argument(const char *name, uint64_t value)
{
	arg_count = value;
	return !strcmp(name, "count");
}

void arch_begin(uint64_t pc)
{
}

void arch_end(uint64_t next)
{
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
		     bh_enable_delta() : change->delta);
}

/* Find the stack that @sp belongs to, without what is below @sp. */
static void find_stack(uint64_t sp)
{
	use_stack(sp >> STACK_SHIFT);
	while (stack->nr && stack->frame[stack->nr - 1].sp <= sp)
		stack->nr--;
}

static void exec_call(unsigned int cpu, qemu_plugin_meminfo_t info,
		      uint64_t sp, void *arg)
{
	find_stack(sp);
	push_frame(sp, (uintptr_t)arg);
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

void arch_translate(struct qemu_plugin_insn *insn, const uint8_t *b,
		    size_t size, uint64_t pc)
{
	void *arg = (void *)(uintptr_t)pc;
	size_t op = (b[0] & 0xf0) == 0x40;	/* behind a REX prefix */
	struct change change = { .pc = pc };

	if (may_change(b, size, &change)) {
		arg = malloc(sizeof(change));
		memcpy(arg, &change, sizeof(change));
		on_store(insn, exec_change, arg);
	} else if (in_lock_text(pc) && size >= 4 && (b[0] == 0xf0 || b[0] == 0x3e) &&
		   !memcmp(b + 1 + ((b[1] & 0xf0) == 0x40), "\x0f\xb1", 2)) {
		/* lock cmpxchg; the kernel turns "lock" into "ds" if it has one CPU */
		on_store(insn, exec_take, arg);
	} else if (b[op] == 0xc6 && !b[size - 1]) {	/* movb $0 */
		on_store(insn, exec_give, arg);
	} else if (b[0] == 0xbe && (get_le32(b + 1) | 1) == (BH_LOCKED | 1)) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_bh_enable,
				QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)get_le32(b + 1));
	} else if (size == 3 && !memcmp(b, "\x48\x0f\x07", 3)) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_user,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	} else if (b[0] == 0xf4) {
		qemu_plugin_register_vcpu_insn_exec_cb(insn, exec_halt,
				QEMU_PLUGIN_CB_NO_REGS, arg);
	} else if (b[op] == 0xe8 || (b[op] == 0xff && (b[op + 1] & 0x38) == 0x10)) {
		on_store(insn, exec_call, arg);
	} else if (b[0] == 0xc3 || b[0] == 0xc2) {
		qemu_plugin_register_vcpu_mem_cb(insn, exec_ret,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_R, arg);
	}
}
