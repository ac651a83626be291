/* SPDX-License-Identifier: GPL-2.0 */
/* preempt-off.h - what the parts of the plugin preempt-off share: QEMU's interface, the core, and one architecture */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part of QEMU's plugin interface, version 1, that this needs. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint32_t qemu_plugin_meminfo_t;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_mem_rw { QEMU_PLUGIN_MEM_R = 1, QEMU_PLUGIN_MEM_W, QEMU_PLUGIN_MEM_RW };
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
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, qemu_plugin_meminfo_t info,
			   uint64_t addr, void *arg),
		enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw,
		void *arg);

/* Have @cb called with @arg wherever @insn stores. */
static inline void on_store(struct qemu_plugin_insn *insn,
			    void (*cb)(unsigned int cpu, qemu_plugin_meminfo_t info,
				       uint64_t addr, void *arg), void *arg)
{
	qemu_plugin_register_vcpu_mem_cb(insn, cb, QEMU_PLUGIN_CB_NO_REGS,
					 QEMU_PLUGIN_MEM_W, arg);
}

#define BH_LOCKED	0x00000200u	/* SOFTIRQ_DISABLE_OFFSET */

/*
 * The core: now, the guest's preempt_count, and the stack of calls that is in
 * use.
 */
#define NR_FRAMES	128

struct stack {
	uint64_t id;
	unsigned int nr;
	struct frame {			/* of a call: its place on the stack, its address */
		uint64_t sp;
		uint64_t pc;
	} frame[NR_FRAMES];
};

extern uint64_t now;			/* instructions executed */
extern struct stack *stack;
void use_stack(uint64_t id);
void push_frame(uint64_t sp, uint64_t pc);
void change_count(uint64_t pc, uint32_t delta);
void expect_count(uint32_t expected, const char *where);
uint32_t bh_enable_delta(void);
void exec_bh_enable(unsigned int cpu, void *taken);
void exec_halt(unsigned int cpu, void *pc);
void exec_user(unsigned int cpu, void *arg);

/*
 * Spinlocks: what may be called for a store that takes one, which only code
 * @in_lock_text() does, or gives one up, which may be anywhere.
 */
bool in_lock_text(uint64_t pc);
void exec_take(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t lock,
	       void *arg);
void exec_give(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t lock,
	       void *arg);

/*
 * The architecture: takes its arguments of the plugin (true if @name is one);
 * hears of each block of code before QEMU translates it and after, and of each
 * instruction of the kernel in it.
 */
bool arch_argument(const char *name, uint64_t value);
void arch_begin(uint64_t pc);
void arch_translate(struct qemu_plugin_insn *insn, const uint8_t *code,
		    size_t size, uint64_t pc);
void arch_end(uint64_t next);
