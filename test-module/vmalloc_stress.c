// SPDX-License-Identifier: GPL-2.0
/*
 * vmalloc_stress - provokes the long non-preemptible sections of mm/vmalloc.c
 *
 * Kernel threads allocate and free vmalloc areas in one of several patterns,
 * a SCHED_FIFO task may time its own vmalloc() and vfree() meanwhile. See
 * Documentation/vmalloc_stress.rst for the parameters and the statistics.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#define STRESS_FIFO_LOW		1			/* sched_set_fifo_low() */
#define STRESS_FIFO		(MAX_RT_PRIO / 2)	/* sched_set_fifo() */
#define STRESS_HEARTBEAT_MS	100
#define STRESS_GAP_MS		20	/* default of burst_gap_ms */
/* Not a multiple of a measuring timer's period: the phase sweeps over it. */
#define STRESS_BUSTED_NS	10013000
#define STRESS_HOG_NS		(50 * NSEC_PER_USEC)
#define STRESS_ATOMIC_FREES	64	/* in a row, */
#define STRESS_ATOMIC_US	500	/* then time for the kernel to do them */
#define STRESS_LARGE_MIN	256	/* smallest area that no per-node pool takes */
#define STRESS_MIXED_MAX	512
#define STRESS_RAM_POOL		128	/* pages that map_ram maps */
#define STRESS_RAM_MAX		32
#define STRESS_RAM_BLOCK	BITS_PER_LONG	/* VMAP_MAX_ALLOC of mm/vmalloc.c */
/* What an area costs besides its pages, generously: descriptors, our own slot. */
#define STRESS_AREA_COST	256

/* --- Parameters ------------------------------------------------------- */

/* What a parameter has an effect on. */
#define STRESS_ANY		0
#define STRESS_BURSTS		BIT(0)
#define STRESS_BUSTED		BIT(1)
#define STRESS_RT		BIT(2)
#define STRESS_SET		BIT(3)
#define STRESS_PAGES		BIT(4)
#define STRESS_HOG		BIT(5)
/* Not of a parameter: needs room beside the working set, */
#define STRESS_ROOM		BIT(6)
/* looks at each free, to tell how much has piled up, */
#define STRESS_BACKLOG		BIT(7)
/* has a thread for each CPU unless the user says otherwise. */
#define STRESS_ALL_CPUS		BIT(8)

/**
 * struct stress_param - a number given to the module
 * @name: as the user spells it
 * @min: smallest value accepted
 * @max: largest value accepted
 * @def: value if the user gives none and the workload has no other default
 * @only: what it takes for an effect, any of these; STRESS_ANY for nothing
 * @is_prio: 0, STRESS_FIFO_LOW or STRESS_FIFO
 * @given: the user gave one
 * @text: what the user wrote
 * @value: what is in effect
 */
struct stress_param {
	const char *name;
	unsigned int min;
	unsigned int max;
	unsigned int def;
	unsigned int only;
	bool is_prio;
	bool given;
	char text[40];
	unsigned int value;
};

static struct stress_param p_threads = {
	.name = "threads", .min = 1, .max = 1024, .def = 1,
};

static struct stress_param p_nr_areas = {
	.name = "nr_areas", .min = 2, .max = 4194304, .only = STRESS_SET,
};

static struct stress_param p_pages = {
	.name = "pages", .min = 1, .max = 65536, .def = 1, .only = STRESS_PAGES,
};

static struct stress_param p_stride = {
	.name = "stride", .min = 1, .max = 1024, .def = 2, .only = STRESS_BURSTS,
};

static struct stress_param p_burst = {
	.name = "burst", .max = 4194304, .only = STRESS_BURSTS,
};

static struct stress_param p_burst_prio = {
	.name = "burst_prio", .max = STRESS_FIFO, .only = STRESS_BURSTS, .is_prio = true,
};

static struct stress_param p_burst_gap_ms = {
	.name = "burst_gap_ms", .max = 10000, .only = STRESS_BURSTS,
};

static struct stress_param p_duration_ms = {
	.name = "duration_ms", .max = 86400000,
};

static struct stress_param p_seed = {
	.name = "seed", .max = UINT_MAX, .def = 1,
};

static struct stress_param p_delay_us = {
	.name = "delay_us", .max = 10000000,
};

static struct stress_param p_rt_prio = {
	.name = "rt_prio", .max = STRESS_FIFO, .is_prio = true,
};

static struct stress_param p_rt_pages = {
	.name = "rt_pages", .min = 1, .max = 65536, .def = 1, .only = STRESS_RT,
};

static struct stress_param p_rt_interval_us = {
	.name = "rt_interval_us", .min = 10, .max = 1000000, .def = 1000, .only = STRESS_RT,
};

static struct stress_param p_rt_vmap = {
	.name = "rt_vmap", .max = 1, .only = STRESS_RT,
};

static struct stress_param p_hold_us = {
	.name = "hold_us", .min = 10, .max = 1000000, .def = 500, .only = STRESS_BUSTED,
};

static struct stress_param p_hog_ms = {
	.name = "hog_ms", .min = 1, .max = 60000, .def = 1000, .only = STRESS_HOG,
};

static struct stress_param p_verify = {
	.name = "verify", .max = 1,
};

static struct stress_param * const stress_params[] = {
	&p_threads, &p_nr_areas, &p_pages, &p_stride, &p_burst, &p_burst_prio,
	&p_burst_gap_ms, &p_duration_ms, &p_seed, &p_delay_us, &p_rt_prio,
	&p_rt_pages, &p_rt_interval_us, &p_rt_vmap, &p_hold_us, &p_hog_ms, &p_verify,
};

/*
 * Only remembers the text, as much as a number can have. A setter that fails
 * would add a second, less clear line from the kernel to ours.
 */
static int stress_param_set(const char *val, const struct kernel_param *kp)
{
	struct stress_param *p = kp->arg;

	p->given = true;
	/* Cut off it might be a number. */
	if (strscpy(p->text, val, sizeof(p->text)) < 0)
		p->text[0] = '?';
	return 0;
}

static int stress_param_get(char *buffer, const struct kernel_param *kp)
{
	const struct stress_param *p = kp->arg;

	return scnprintf(buffer, PAGE_SIZE, "%u\n", p->value);
}

static const struct kernel_param_ops stress_param_ops = {
	.set = stress_param_set,
	.get = stress_param_get,
};

static char *workload = "none";
module_param(workload, charp, 0444);
MODULE_PARM_DESC(workload, "none churn fragment large mixed vmap map_ram hold purge busted rt_free hog oom_race atomic");

module_param_cb(threads, &stress_param_ops, &p_threads, 0444);
MODULE_PARM_DESC(threads, "load threads, 1..1024 (1; hog and oom_race one for each CPU)");

module_param_cb(nr_areas, &stress_param_ops, &p_nr_areas, 0444);
MODULE_PARM_DESC(nr_areas, "areas in the working set of all threads, 2..4194304 (by workload)");

module_param_cb(pages, &stress_param_ops, &p_pages, 0444);
MODULE_PARM_DESC(pages, "pages per area, 1..65536 (by workload)");

module_param_cb(stride, &stress_param_ops, &p_stride, 0444);
MODULE_PARM_DESC(stride, "every stride-th area is held, 1..1024, 1 holds none (2)");

module_param_cb(burst, &stress_param_ops, &p_burst, 0444);
MODULE_PARM_DESC(burst, "areas freed and allocated again at a time, 0..4194304, 0 all not held (0)");

module_param_cb(burst_prio, &stress_param_ops, &p_burst_prio, 0444);
MODULE_PARM_DESC(burst_prio, "SCHED_FIFO priority while freeing a burst: 0 (none), 1 or 50 (0; rt_free 50)");

module_param_cb(burst_gap_ms, &stress_param_ops, &p_burst_gap_ms, 0444);
MODULE_PARM_DESC(burst_gap_ms, "sleep after freeing a burst, 0..10000 (20 with burst_prio, else 0)");

module_param_cb(duration_ms, &stress_param_ops, &p_duration_ms, 0444);
MODULE_PARM_DESC(duration_ms, "how long to run, 0..86400000, 0 until unloaded (0)");

module_param_cb(seed, &stress_param_ops, &p_seed, 0444);
MODULE_PARM_DESC(seed, "seed of sizes and choices, 0..4294967295 (1)");

module_param_cb(delay_us, &stress_param_ops, &p_delay_us, 0444);
MODULE_PARM_DESC(delay_us, "pause between set-up and load, 0..10000000 (0)");

module_param_cb(rt_prio, &stress_param_ops, &p_rt_prio, 0444);
MODULE_PARM_DESC(rt_prio, "SCHED_FIFO priority of the measuring task: 0 (no such task), 1 or 50 (0)");

module_param_cb(rt_pages, &stress_param_ops, &p_rt_pages, 0444);
MODULE_PARM_DESC(rt_pages, "pages per area of the measuring task, 1..65536 (1)");

module_param_cb(rt_interval_us, &stress_param_ops, &p_rt_interval_us, 0444);
MODULE_PARM_DESC(rt_interval_us, "period of the measuring task, 10..1000000 (1000)");

module_param_cb(rt_vmap, &stress_param_ops, &p_rt_vmap, 0444);
MODULE_PARM_DESC(rt_vmap, "the measuring task maps pages of its own with vmap(), 0 or 1 (0)");

module_param_cb(hold_us, &stress_param_ops, &p_hold_us, 0444);
MODULE_PARM_DESC(hold_us, "how long busted holds a raw spinlock, 10..1000000 (500)");

module_param_cb(hog_ms, &stress_param_ops, &p_hog_ms, 0444);
MODULE_PARM_DESC(hog_ms, "how long hog occupies its CPU, 1..60000 (1000)");

module_param_cb(verify, &stress_param_ops, &p_verify, 0444);
MODULE_PARM_DESC(verify, "write and check a pattern, 0..1 (0)");

/* --- Data ------------------------------------------------------------- */

/* Counters: summed over the threads, shown under these names. */
enum stress_counter {
	STRESS_OPS,
	STRESS_ALLOCS,
	STRESS_FREES,
	STRESS_FAILURES,
	STRESS_VERIFIED,
	STRESS_VERIFY_ERRORS,
	STRESS_PURGES,
	STRESS_PURGE_AREAS,
	STRESS_PURGE_NS,
	STRESS_PURGE_EMPTY_NS,
	STRESS_HOGS,
	STRESS_HOG_DRAINS,
	STRESS_NR_COUNTERS,
};

static const char * const stress_counter_names[STRESS_NR_COUNTERS] = {
	[STRESS_OPS]		= "ops",
	[STRESS_ALLOCS]		= "allocs",
	[STRESS_FREES]		= "frees",
	[STRESS_FAILURES]	= "failures",
	[STRESS_VERIFIED]	= "verified",
	[STRESS_VERIFY_ERRORS]	= "verify_errors",
	[STRESS_PURGES]		= "purges",
	[STRESS_PURGE_AREAS]	= "purge_areas",
	[STRESS_PURGE_NS]	= "purge_ns",
	[STRESS_PURGE_EMPTY_NS]	= "purge_empty_ns",
	[STRESS_HOGS]		= "hogs",
	[STRESS_HOG_DRAINS]	= "hog_drains",
};

/* Durations: a sum, a maximum and a log2 histogram each. */
enum stress_timing {
	STRESS_VMALLOC,
	STRESS_VFREE,
	STRESS_NR_TIMINGS,
};

static const char * const stress_timing_names[STRESS_NR_TIMINGS] = {
	[STRESS_VMALLOC]	= "vmalloc",
	[STRESS_VFREE]		= "vfree",
};

struct stress_stats {
	u64 count[STRESS_NR_COUNTERS];
	u64 sum_ns[STRESS_NR_TIMINGS];
	u64 max_ns[STRESS_NR_TIMINGS];
	u64 hist[STRESS_NR_TIMINGS][64];
	u64 purge_min_ns;
	u64 purge_min_ps_per_area;
};

/**
 * struct stress_area - one slot of the working set
 * @addr: where the area is mapped, NULL while there is none
 * @pages: its size
 * @first: map_ram: which page of the pool comes first
 */
struct stress_area {
	void *addr;
	u32 pages;
	u32 first;
};

/**
 * struct stress_thread - a thread and all it owns
 * @ops: what it does
 * @task: the thread, NULL before it is created and after it is stopped
 * @pid: its number, also afterwards
 * @area: slots, @nr_slots of them
 * @nr_slots: the working set and the room beside it
 * @nr_areas: the working set
 * @nr_churned: the slots of the working set that are not held
 * @burst: how many of those are freed at a time
 * @cursor: the next of those to be freed
 * @held: slots that are held for good
 * @live: slots that have an area
 * @pool: the workload's own pages, if it maps such
 * @map: @pool as an array to map from, a page may occur many times
 * @random: state of the generator
 * @salt: makes the thread's pattern its own
 * @next: when to wake up next, for periodic work
 * @busted: what that workload holds
 * @epoch: which reset of the statistics @stats belong to
 * @stats: written by the thread only
 */
struct stress_thread {
	const struct stress_ops *ops;
	struct task_struct *task;
	pid_t pid;
	struct stress_area *area;
	unsigned int nr_slots;
	unsigned int nr_areas;
	unsigned int nr_churned;
	unsigned int burst;
	unsigned int cursor;
	unsigned int held;
	unsigned int live;
	struct page **pool;
	struct page **map;
	u64 random;
	unsigned long salt;
	ktime_t next;
	raw_spinlock_t busted;
	int epoch;
	struct stress_stats stats;
};

/**
 * struct stress_ops - a workload
 * @name: as given in the parameter workload
 * @uses: which parameters have an effect, STRESS_BURSTS and the like
 * @def_areas: default of nr_areas; 0: one area per thread
 * @def_pages: default of pages, if it is not 1
 * @def_burst_prio: default of burst_prio
 * @max_pages: largest area if it does not depend on pages
 * @pool: pages of its own that it maps; 0 if vmalloc() allocates them
 * @map: makes an area of the size in the slot, NULL if it fails
 * @unmap: takes it away
 * @size: chooses the size of the area to come, NULL for pages
 * @setup: what comes before the load
 * @round: one turn of the load, short or interruptible by a stop
 */
struct stress_ops {
	const char *name;
	unsigned int uses;
	unsigned int def_areas;
	unsigned int def_pages;
	unsigned int def_burst_prio;
	unsigned int max_pages;
	unsigned int pool;
	void *(*map)(struct stress_thread *t, struct stress_area *a);
	void (*unmap)(struct stress_area *a);
	void (*size)(struct stress_thread *t, struct stress_area *a);
	void (*setup)(struct stress_thread *t);
	void (*round)(struct stress_thread *t);
};

static const struct stress_ops *stress_ops;
static struct stress_thread *stress_threads;	/* the load threads, and room for: */
static struct stress_thread *stress_rt;		/* the measuring task, or NULL */

static atomic_t stress_ready = ATOMIC_INIT(0);	/* threads that are set up */
static atomic_t stress_epoch = ATOMIC_INIT(0);	/* resets of the statistics */
static unsigned int stress_nr_ready;		/* how many there are to be */
static bool stress_stopping;
static bool stress_started;			/* START is printed, END is not */
/* For the verdict; a reset of the statistics leaves them alone. */
static atomic_long_t stress_ever_failed = ATOMIC_LONG_INIT(0);
static atomic_long_t stress_ever_damaged = ATOMIC_LONG_INIT(0);

static DEFINE_MUTEX(stress_stop_lock);		/* one stops the threads */
static DEFINE_MUTEX(stress_total_lock);		/* protects stress_total */
static struct stress_stats stress_total;
static struct dentry *stress_dir;

static void stress_duration_over(struct work_struct *work);
static DECLARE_DELAYED_WORK(stress_duration, stress_duration_over);

/* --- Statistics ------------------------------------------------------- */

/* A thread clears its own statistics, when it first counts after a reset. */
static struct stress_stats *stress_stats(struct stress_thread *t)
{
	int epoch = atomic_read(&stress_epoch);

	if (t->epoch != epoch) {
		memset(&t->stats, 0, sizeof(t->stats));
		/* Cleared before it says so; pairs with stress_add_stats(). */
		smp_store_release(&t->epoch, epoch);
	}
	return &t->stats;
}

static void stress_count(struct stress_thread *t, enum stress_counter counter, u64 n)
{
	stress_stats(t)->count[counter] += n;
}

static void stress_time(struct stress_thread *t, enum stress_timing timing, u64 ns)
{
	struct stress_stats *s = stress_stats(t);

	s->sum_ns[timing] += ns;
	s->hist[timing][fls64(ns | 1) - 1]++;
	if (ns > s->max_ns[timing])
		s->max_ns[timing] = ns;
}

static u64 stress_min_nonzero(u64 a, u64 b)
{
	return !a || (b && b < a) ? b : a;
}

static void stress_add_stats(struct stress_stats *sum, struct stress_thread *t)
{
	const struct stress_stats *s = &t->stats;
	int i, j;

	/* Not counted since the reset: what it has is from before. Pairs with stress_stats(). */
	if (smp_load_acquire(&t->epoch) != atomic_read(&stress_epoch))
		return;
	for (i = 0; i < STRESS_NR_COUNTERS; i++)
		sum->count[i] += s->count[i];
	for (i = 0; i < STRESS_NR_TIMINGS; i++) {
		sum->sum_ns[i] += s->sum_ns[i];
		sum->max_ns[i] = max(sum->max_ns[i], s->max_ns[i]);
		for (j = 0; j < ARRAY_SIZE(sum->hist[i]); j++)
			sum->hist[i][j] += s->hist[i][j];
	}
	sum->purge_min_ns = stress_min_nonzero(sum->purge_min_ns, s->purge_min_ns);
	sum->purge_min_ps_per_area = stress_min_nonzero(sum->purge_min_ps_per_area,
							s->purge_min_ps_per_area);
}

/* Sums up the load threads; the caller holds stress_total_lock. */
static const struct stress_stats *stress_sum(void)
{
	unsigned int i;

	memset(&stress_total, 0, sizeof(stress_total));
	for (i = 0; i < p_threads.value; i++)
		stress_add_stats(&stress_total, &stress_threads[i]);
	return &stress_total;
}

/* The measuring task alone; the caller holds stress_total_lock. */
static const struct stress_stats *stress_sum_rt(void)
{
	memset(&stress_total, 0, sizeof(stress_total));
	if (stress_rt)
		stress_add_stats(&stress_total, stress_rt);
	return &stress_total;
}

/* --- The kernel's own drains ------------------------------------------ */

static atomic_long_t stress_purge_calls = ATOMIC_LONG_INIT(0);
static atomic_long_t stress_drains = ATOMIC_LONG_INIT(0);
static atomic_long_t stress_drained_areas = ATOMIC_LONG_INIT(0);
static atomic_long_t stress_lazy_peak = ATOMIC_LONG_INIT(0);
/* With STRESS_BACKLOG: areas freed and not taken by a drain, and the peaks. */
static atomic_long_t stress_backlog_areas = ATOMIC_LONG_INIT(0);
static atomic_long_t stress_backlog_peak = ATOMIC_LONG_INIT(0);
static atomic_long_t stress_backlog_peak_pages = ATOMIC_LONG_INIT(0);
static bool stress_tracing;
static bool stress_tracing_frees;

static void stress_clear_drains(void)
{
	atomic_long_set(&stress_purge_calls, 0);
	atomic_long_set(&stress_drains, 0);
	atomic_long_set(&stress_drained_areas, 0);
	atomic_long_set(&stress_lazy_peak, 0);
	atomic_long_set(&stress_backlog_peak, 0);
	atomic_long_set(&stress_backlog_peak_pages, 0);
}

#ifdef CONFIG_TRACEPOINTS
static struct tracepoint *stress_tracepoint;
static struct tracepoint *stress_tracepoint_free;

static void stress_raise(atomic_long_t *peak, long value)
{
	long seen = atomic_long_read(peak);

	while (value > seen) {
		long old = atomic_long_cmpxchg(peak, seen, value);

		if (old == seen)
			break;
		seen = old;
	}
}

static void stress_probe(void *data, unsigned long start, unsigned long end,
			 unsigned int npurged)
{
	if (!npurged) {
		atomic_long_inc(&stress_purge_calls);
		return;
	}
	atomic_long_inc(&stress_drains);
	atomic_long_add(npurged, &stress_drained_areas);
	atomic_long_sub(npurged, &stress_backlog_areas);
	stress_raise(&stress_lazy_peak, npurged);
}

static void stress_probe_free(void *data, unsigned long va_start, unsigned long nr_lazy,
			      unsigned long nr_lazy_max)
{
	stress_raise(&stress_backlog_peak, atomic_long_inc_return(&stress_backlog_areas));
	stress_raise(&stress_backlog_peak_pages, nr_lazy);
}

static void stress_find_tracepoint(struct tracepoint *tp, void *priv)
{
	if (!strcmp(tp->name, "purge_vmap_area_lazy"))
		stress_tracepoint = tp;
	if (!strcmp(tp->name, "free_vmap_area_noflush"))
		stress_tracepoint_free = tp;
}

/* Kernels before 6.3 have no such tracepoint; then drains are not known. */
static void stress_trace(void)
{
	for_each_kernel_tracepoint(stress_find_tracepoint, NULL);
	if (stress_tracepoint)
		stress_tracing = !tracepoint_probe_register(stress_tracepoint, stress_probe, NULL);
	if (!(stress_ops->uses & STRESS_BACKLOG) || !stress_tracepoint_free)
		return;
	/* What was lazy before is not known: begin with nothing. */
	vm_unmap_aliases();
	atomic_long_set(&stress_backlog_areas, 0);
	stress_tracing_frees = !tracepoint_probe_register(stress_tracepoint_free,
							  stress_probe_free, NULL);
}

static void stress_untrace(void)
{
	if (stress_tracing)
		tracepoint_probe_unregister(stress_tracepoint, stress_probe, NULL);
	if (stress_tracing_frees)
		tracepoint_probe_unregister(stress_tracepoint_free, stress_probe_free, NULL);
	if (stress_tracing || stress_tracing_frees)
		tracepoint_synchronize_unregister();
	stress_tracing = false;
	stress_tracing_frees = false;
}
#else
static void stress_trace(void) { }
static void stress_untrace(void) { }
#endif

static long stress_traced(const atomic_long_t *counter)
{
	return stress_tracing ? atomic_long_read(counter) : -1;
}

static long stress_traced_free(const atomic_long_t *counter)
{
	return stress_tracing_frees ? atomic_long_read(counter) : -1;
}

/* --- Helpers of the threads ------------------------------------------- */

static bool stress_should_stop(void)
{
	return READ_ONCE(stress_stopping) || kthread_should_stop();
}

/* Between two operations: lets others run, tells whether to go on. */
static bool stress_go_on(void)
{
	cond_resched();
	return !stress_should_stop();
}

/* Sleeps without slack; a stop wakes it. */
static void stress_sleep_until(ktime_t when)
{
	set_current_state(TASK_INTERRUPTIBLE);
	if (!stress_should_stop())
		schedule_hrtimeout(&when, HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
}

static void stress_sleep_us(u64 us)
{
	stress_sleep_until(ktime_add_us(ktime_get(), us));
}

/* Sleeps to the next multiple of a period, leaving out those that have passed. */
static void stress_sleep_period(struct stress_thread *t, u64 ns)
{
	ktime_t now = ktime_get();

	t->next = ktime_add_ns(t->next, ns);
	if (ktime_before(t->next, now))
		t->next = ktime_add_ns(now, ns);
	stress_sleep_until(t->next);
}

/* Only these two priorities can be had from a module in every kernel. */
static void stress_set_prio(unsigned int prio)
{
	if (!prio)
		sched_set_normal(current, 0);
	else if (prio == STRESS_FIFO_LOW)
		sched_set_fifo_low(current);
	else
		sched_set_fifo(current);
}

static u64 stress_mix(u64 x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* A number of 0 to @n - 1. */
static u32 stress_random(struct stress_thread *t, u32 n)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return ((t->random >> 32) * n) >> 32;
}

/* --- The pattern ------------------------------------------------------ */

static unsigned long *stress_last_word(void *page)
{
	return page + PAGE_SIZE - sizeof(long);
}

/* A page of the pool has one pattern wherever it is mapped. */
static unsigned long stress_pattern(const struct stress_thread *t,
				    const struct stress_area *a, u32 page)
{
	if (t->ops->pool)
		return stress_mix(t->salt + (a->first + page) % t->ops->pool);
	return stress_mix((unsigned long)a->addr + t->salt + page);
}

static void stress_fill(const struct stress_thread *t, const struct stress_area *a)
{
	u32 i;

	for (i = 0; i < a->pages; i++) {
		unsigned long *page = a->addr + i * PAGE_SIZE;

		*page = stress_pattern(t, a, i);
		*stress_last_word(page) = ~*page;
	}
}

static void stress_check(struct stress_thread *t, const struct stress_area *a)
{
	u32 i;

	for (i = 0; i < a->pages; i++) {
		unsigned long *page = a->addr + i * PAGE_SIZE;
		unsigned long want = stress_pattern(t, a, i);

		if (*page == want && *stress_last_word(page) == ~want)
			continue;
		stress_count(t, STRESS_VERIFY_ERRORS, 1);
		atomic_long_inc(&stress_ever_damaged);
		pr_err_ratelimited("!!! verify: page %u of %u has %lx and %lx, not %lx and %lx\n",
				   i, a->pages, *page, *stress_last_word(page), want, ~want);
	}
	stress_count(t, STRESS_VERIFIED, a->pages);
}

/* --- Areas ------------------------------------------------------------ */

/* Fails rather than disturb others: no OOM kill, no warning. */
static void *stress_map_vmalloc(struct stress_thread *t, struct stress_area *a)
{
	return __vmalloc((size_t)a->pages << PAGE_SHIFT, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
}

static void stress_unmap_vmalloc(struct stress_area *a)
{
	vfree(a->addr);
}

/* The kernel puts it off, as it may not sleep. */
static void stress_unmap_atomic(struct stress_area *a)
{
	local_bh_disable();
	vfree(a->addr);
	local_bh_enable();
}

static void *stress_map_vmap(struct stress_thread *t, struct stress_area *a)
{
	return vmap(t->map, a->pages, VM_MAP, PAGE_KERNEL);
}

static void stress_unmap_vmap(struct stress_area *a)
{
	vunmap(a->addr);
}

static void *stress_map_ram(struct stress_thread *t, struct stress_area *a)
{
	return vm_map_ram(t->map + a->first, a->pages, NUMA_NO_NODE);
}

static void stress_unmap_ram(struct stress_area *a)
{
	vm_unmap_ram(a->addr, a->pages);
}

static void stress_size_mixed(struct stress_thread *t, struct stress_area *a)
{
	a->pages = 1 + stress_random(t, STRESS_MIXED_MAX);
}

/* Now and then more than a block may hold, which takes the other path. */
static void stress_size_ram(struct stress_thread *t, struct stress_area *a)
{
	if (stress_random(t, 16))
		a->pages = 1 + stress_random(t, STRESS_RAM_MAX);
	else
		a->pages = STRESS_RAM_BLOCK + 1 +
			   stress_random(t, STRESS_RAM_POOL - STRESS_RAM_BLOCK);
	a->first = stress_random(t, STRESS_RAM_POOL - a->pages + 1);
}

static void stress_alloc(struct stress_thread *t, struct stress_area *a)
{
	u64 start;

	if (a->addr)
		return;
	a->pages = p_pages.value;
	if (t->ops->size)
		t->ops->size(t, a);

	start = ktime_get_ns();
	a->addr = t->ops->map(t, a);
	stress_time(t, STRESS_VMALLOC, ktime_get_ns() - start);

	stress_count(t, STRESS_OPS, 1);
	if (!a->addr) {
		stress_count(t, STRESS_FAILURES, 1);
		atomic_long_inc(&stress_ever_failed);
		return;
	}
	t->live++;
	stress_count(t, STRESS_ALLOCS, 1);
	if (p_verify.value && !t->ops->pool)
		stress_fill(t, a);
}

static void stress_free(struct stress_thread *t, struct stress_area *a)
{
	u64 start;

	if (!a->addr)
		return;
	if (p_verify.value)
		stress_check(t, a);

	start = ktime_get_ns();
	t->ops->unmap(a);
	stress_time(t, STRESS_VFREE, ktime_get_ns() - start);

	a->addr = NULL;
	t->live--;
	stress_count(t, STRESS_OPS, 1);
	stress_count(t, STRESS_FREES, 1);
}

static bool stress_is_held(unsigned int i)
{
	return p_stride.value > 1 && i % p_stride.value == 0;
}

/* The @k-th slot that is not held. */
static struct stress_area *stress_churned(struct stress_thread *t, unsigned int k)
{
	unsigned int between = p_stride.value - 1;

	k %= t->nr_churned;
	if (between && t->ops->uses & STRESS_BURSTS)
		k = k / between * p_stride.value + 1 + k % between;
	return &t->area[k];
}

/* --- Workloads -------------------------------------------------------- */

static void stress_setup_all(struct stress_thread *t)
{
	unsigned int i;

	for (i = 0; i < t->nr_slots && stress_go_on(); i++)
		stress_alloc(t, &t->area[i]);
}

static void stress_setup_hold(struct stress_thread *t)
{
	stress_setup_all(t);
	t->held = t->live;
}

/*
 * What is allocated again while the old places are still lazy would end up side
 * by side, in the open. Offer as many places again between areas that are held.
 */
static void stress_setup_bursts(struct stress_thread *t)
{
	unsigned int i;

	stress_setup_all(t);
	for (i = 0; i < t->nr_slots && stress_go_on(); i++) {
		if (stress_is_held(i))
			t->held += !!t->area[i].addr;
		else if (i >= t->nr_areas)
			stress_free(t, &t->area[i]);
	}
	vm_unmap_aliases();
}

static void stress_size_rt(struct stress_thread *t, struct stress_area *a)
{
	a->pages = p_rt_pages.value;
}

static void stress_setup_rt(struct stress_thread *t)
{
	stress_set_prio(p_rt_prio.value);
}

static void stress_round_none(struct stress_thread *t)
{
	stress_sleep_us(STRESS_HEARTBEAT_MS * USEC_PER_MSEC);
	stress_count(t, STRESS_OPS, 1);
}

static void stress_round_hold(struct stress_thread *t)
{
	stress_sleep_us(STRESS_HEARTBEAT_MS * USEC_PER_MSEC);
}

static void stress_round_churn(struct stress_thread *t)
{
	stress_alloc(t, t->area);
	stress_free(t, t->area);
}

static void stress_round_replace(struct stress_thread *t)
{
	struct stress_area *a = &t->area[stress_random(t, t->nr_areas)];

	stress_free(t, a);
	stress_alloc(t, a);
}

/* Memory comes back later: whoever never waits for it runs out of it. */
static void stress_round_atomic(struct stress_thread *t)
{
	unsigned int i;

	for (i = 0; i < STRESS_ATOMIC_FREES && stress_go_on(); i++)
		stress_round_replace(t);
	stress_sleep_us(STRESS_ATOMIC_US);
}

/* Frees a burst, as SCHED_FIFO if asked to. */
static void stress_free_burst(struct stress_thread *t, unsigned int prio)
{
	unsigned int i;

	if (prio)
		stress_set_prio(prio);
	for (i = 0; i < t->burst && stress_go_on(); i++)
		stress_free(t, stress_churned(t, t->cursor + i));
}

static void stress_alloc_burst(struct stress_thread *t)
{
	unsigned int i;

	for (i = 0; i < t->burst && stress_go_on(); i++)
		stress_alloc(t, stress_churned(t, t->cursor + i));
	t->cursor = (t->cursor + t->burst) % t->nr_churned;
}

static void stress_round_bursts(struct stress_thread *t)
{
	unsigned int prio = p_burst_prio.value;

	stress_free_burst(t, prio);
	if (prio)
		stress_set_prio(0);
	if (p_burst_gap_ms.value)
		stress_sleep_us(p_burst_gap_ms.value * (u64)USEC_PER_MSEC);
	/* A burst too small for the kernel to drain it: do it now. */
	if (prio)
		vm_unmap_aliases();
	stress_alloc_burst(t);
}

static void stress_count_purge(struct stress_thread *t, u64 areas, u64 ns, u64 empty_ns)
{
	struct stress_stats *s = stress_stats(t);

	s->count[STRESS_PURGES]++;
	s->count[STRESS_PURGE_AREAS] += areas;
	s->count[STRESS_PURGE_NS] += ns;
	s->count[STRESS_PURGE_EMPTY_NS] += empty_ns;
	s->purge_min_ns = stress_min_nonzero(s->purge_min_ns, ns);
	ns -= min(ns, empty_ns);
	s->purge_min_ps_per_area = stress_min_nonzero(s->purge_min_ps_per_area,
						      div64_u64(ns * 1000, areas));
}

/*
 * A real-time task may leave the rest of its purge to others, so this is an
 * ordinary one. The kernel's own drain does not come first as long as no more
 * than lazy_max_pages() are freed.
 */
static void stress_round_purge(struct stress_thread *t)
{
	unsigned int live = t->live;
	u64 start, purged, end;

	vm_unmap_aliases();
	stress_free_burst(t, p_burst_prio.value);
	stress_set_prio(0);
	start = ktime_get_ns();
	vm_unmap_aliases();
	purged = ktime_get_ns();
	vm_unmap_aliases();
	end = ktime_get_ns();

	if (live > t->live)
		stress_count_purge(t, live - t->live, purged - start, end - purged);
	if (p_burst_gap_ms.value)
		stress_sleep_us(p_burst_gap_ms.value * (u64)USEC_PER_MSEC);
	stress_alloc_burst(t);
}

static void stress_round_busted(struct stress_thread *t)
{
	u64 hold = p_hold_us.value * (u64)NSEC_PER_USEC;
	u64 start;

	raw_spin_lock(&t->busted);
	start = ktime_get_ns();
	while (ktime_get_ns() - start < hold)
		cpu_relax();
	raw_spin_unlock(&t->busted);
	stress_count(t, STRESS_OPS, 1);
	stress_sleep_period(t, STRESS_BUSTED_NS);
}

/* The hog: the first thread, alone on its CPU. */
static bool stress_is_hog(const struct stress_thread *t)
{
	return t == stress_threads && stress_ops->uses & STRESS_HOG;
}

/* The areas whose freeing makes the kernel drain; only the hog has any. */
static void stress_setup_hog(struct stress_thread *t)
{
	if (stress_is_hog(t))
		stress_setup_all(t);
}

/*
 * Frees enough areas for a drain and does not leave the CPU for as long as it
 * may. It goes on freeing, so that sooner or later the drain is queued from here
 * again, but seldom: what piles up is to be what the others free.
 */
static void stress_hog(struct stress_thread *t)
{
	u64 end = ktime_get_ns() + p_hog_ms.value * (u64)NSEC_PER_MSEC;
	long drains;

	stress_free_burst(t, STRESS_FIFO);
	drains = atomic_long_read(&stress_drains);
	while (ktime_get_ns() < end && !stress_should_stop()) {
		u64 next = ktime_get_ns() + STRESS_HOG_NS;

		stress_round_churn(t);
		while (ktime_get_ns() < next)
			cpu_relax();
	}
	/* A reset meanwhile begins at 0 again. */
	drains = atomic_long_read(&stress_drains) - drains;
	stress_count(t, STRESS_HOG_DRAINS, max(drains, 0L));
	stress_count(t, STRESS_HOGS, 1);
	stress_set_prio(0);
	stress_sleep_us(STRESS_HEARTBEAT_MS * USEC_PER_MSEC);
	stress_alloc_burst(t);
}

static void stress_round_hog(struct stress_thread *t)
{
	if (stress_is_hog(t))
		stress_hog(t);
	else
		stress_round_churn(t);
}

static void stress_round_rt(struct stress_thread *t)
{
	stress_alloc(t, t->area);
	stress_free(t, t->area);
	stress_sleep_period(t, p_rt_interval_us.value * (u64)NSEC_PER_USEC);
}

static const struct stress_ops stress_workloads[] = {
	{
		.name = "none",
		.round = stress_round_none,
	}, {
		.name = "churn", .uses = STRESS_PAGES, .def_pages = 2,
		.map = stress_map_vmalloc, .unmap = stress_unmap_vmalloc,
		.round = stress_round_churn,
	}, {
		.name = "fragment", .def_areas = 16384,
		.uses = STRESS_SET | STRESS_PAGES | STRESS_BURSTS | STRESS_ROOM,
		.map = stress_map_vmalloc, .unmap = stress_unmap_vmalloc,
		.setup = stress_setup_bursts, .round = stress_round_bursts,
	}, {
		.name = "large", .def_areas = 64, .def_pages = 300,
		.uses = STRESS_SET | STRESS_PAGES,
		.map = stress_map_vmalloc, .unmap = stress_unmap_vmalloc,
		.setup = stress_setup_all, .round = stress_round_replace,
	}, {
		.name = "mixed", .def_areas = 128, .max_pages = STRESS_MIXED_MAX,
		.uses = STRESS_SET,
		.map = stress_map_vmalloc, .unmap = stress_unmap_vmalloc,
		.size = stress_size_mixed,
		.setup = stress_setup_all, .round = stress_round_replace,
	}, {
		.name = "vmap", .def_areas = 16384, .pool = 1,
		.uses = STRESS_SET | STRESS_PAGES | STRESS_BURSTS | STRESS_ROOM,
		.map = stress_map_vmap, .unmap = stress_unmap_vmap,
		.setup = stress_setup_bursts, .round = stress_round_bursts,
	}, {
		.name = "map_ram", .def_areas = 1024, .max_pages = STRESS_RAM_POOL,
		.pool = STRESS_RAM_POOL, .uses = STRESS_SET,
		.map = stress_map_ram, .unmap = stress_unmap_ram, .size = stress_size_ram,
		.setup = stress_setup_all, .round = stress_round_replace,
	}, {
		.name = "hold", .def_areas = 16384,
		.uses = STRESS_SET | STRESS_PAGES,
		.map = stress_map_vmalloc, .unmap = stress_unmap_vmalloc,
		.setup = stress_setup_hold, .round = stress_round_hold,
	}, {
		.name = "purge", .def_areas = 8192, .pool = 1,
		.uses = STRESS_SET | STRESS_PAGES | STRESS_BURSTS,
		.map = stress_map_vmap, .unmap = stress_unmap_vmap,
		.setup = stress_setup_bursts, .round = stress_round_purge,
	}, {
		.name = "busted", .uses = STRESS_BUSTED,
		.round = stress_round_busted,
	}, {
		.name = "rt_free", .def_areas = 200000, .pool = 1,
		.uses = STRESS_SET | STRESS_PAGES | STRESS_BURSTS | STRESS_BACKLOG,
		.def_burst_prio = STRESS_FIFO,
		.map = stress_map_vmap, .unmap = stress_unmap_vmap,
		.setup = stress_setup_bursts, .round = stress_round_bursts,
	}, {
		.name = "hog", .pool = 1,
		.uses = STRESS_PAGES | STRESS_HOG | STRESS_BACKLOG | STRESS_ALL_CPUS,
		.map = stress_map_vmap, .unmap = stress_unmap_vmap,
		.setup = stress_setup_hog, .round = stress_round_hog,
	}, {
		.name = "oom_race", .pool = 1,
		.uses = STRESS_PAGES | STRESS_BACKLOG | STRESS_ALL_CPUS,
		.map = stress_map_vmap, .unmap = stress_unmap_vmap,
		.round = stress_round_churn,
	}, {
		.name = "atomic", .def_areas = 256, .uses = STRESS_SET | STRESS_PAGES,
		.map = stress_map_vmalloc, .unmap = stress_unmap_atomic,
		.setup = stress_setup_all, .round = stress_round_atomic,
	},
};

static const struct stress_ops stress_rt_ops = {
	.name = "rt",
	.map = stress_map_vmalloc, .unmap = stress_unmap_vmalloc,
	.size = stress_size_rt, .setup = stress_setup_rt, .round = stress_round_rt,
};

/* Leaves the page allocator out: the pages are there before the clock runs. */
static const struct stress_ops stress_rt_vmap_ops = {
	.name = "rt_vmap", .pool = 1,
	.map = stress_map_vmap, .unmap = stress_unmap_vmap,
	.size = stress_size_rt, .setup = stress_setup_rt, .round = stress_round_rt,
};

/* --- Threads ---------------------------------------------------------- */

static bool stress_is_running(void)
{
	return atomic_read(&stress_ready) == stress_nr_ready && !READ_ONCE(stress_stopping);
}

/* The last one to be ready starts the clock. */
static void stress_set_ready(void)
{
	if (atomic_inc_return(&stress_ready) == stress_nr_ready && p_duration_ms.value)
		schedule_delayed_work(&stress_duration, msecs_to_jiffies(p_duration_ms.value));
}

static void stress_release(struct stress_thread *t)
{
	unsigned int i;

	for (i = 0; i < t->nr_slots; i++) {
		stress_free(t, &t->area[i]);
		cond_resched();
	}
}

static int stress_thread(void *arg)
{
	struct stress_thread *t = arg;

	if (t->ops->setup)
		t->ops->setup(t);
	if (p_delay_us.value && t != stress_rt)
		stress_sleep_us(p_delay_us.value);
	t->next = ktime_get();
	stress_set_ready();
	while (stress_go_on())
		t->ops->round(t);

	stress_set_prio(0);
	stress_release(t);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* The CPU of thread @i: the hog has one to itself, the others share the rest. */
static unsigned int stress_hog_cpu(unsigned int i)
{
	unsigned int cpu = cpumask_first(cpu_online_mask);

	/* One that was counted before may be offline by now. */
	for (i = i ? 1 + (i - 1) % (max(num_online_cpus(), 2U) - 1) : 0; i; i--)
		cpu = cpumask_next(cpu, cpu_online_mask);
	return cpu < nr_cpu_ids ? cpu : cpumask_first(cpu_online_mask);
}

static int stress_create(struct stress_thread *t, const char *name)
{
	struct task_struct *task = kthread_create(stress_thread, t, "vstress/%s", name);

	if (IS_ERR(task)) {
		pr_err("cannot create thread %s (%ld)\n", name, PTR_ERR(task));
		return PTR_ERR(task);
	}
	t->task = task;
	t->pid = task_pid_nr(task);
	if (stress_ops->uses & STRESS_HOG && t != stress_rt)
		kthread_bind(task, stress_hog_cpu(t - stress_threads));
	return 0;
}

static int stress_create_all(void)
{
	char name[12];
	unsigned int i;
	int err = 0;

	for (i = 0; i < p_threads.value && !err; i++) {
		snprintf(name, sizeof(name), "%u", i);
		err = stress_create(&stress_threads[i], name);
	}
	if (stress_rt && !err)
		err = stress_create(stress_rt, "rt");
	return err;
}

static void stress_wake_all(void)
{
	unsigned int i;

	for (i = 0; i < p_threads.value; i++)
		wake_up_process(stress_threads[i].task);
	if (stress_rt)
		wake_up_process(stress_rt->task);
}

static void stress_stop_thread(struct stress_thread *t)
{
	if (t->task)
		kthread_stop(t->task);
	t->task = NULL;
}

/* --- START, HIST and END ---------------------------------------------- */

static void stress_print_start(void)
{
	pr_info("START workload=%s threads=%u nr_areas=%u pages=%u stride=%u burst=%u burst_prio=%u burst_gap_ms=%u duration_ms=%u seed=%u delay_us=%u rt_prio=%u rt_pages=%u rt_interval_us=%u rt_vmap=%u hold_us=%u hog_ms=%u verify=%u\n",
		stress_ops->name, p_threads.value, p_nr_areas.value, p_pages.value,
		p_stride.value, p_burst.value, p_burst_prio.value, p_burst_gap_ms.value,
		p_duration_ms.value, p_seed.value, p_delay_us.value, p_rt_prio.value,
		p_rt_pages.value, p_rt_interval_us.value, p_rt_vmap.value, p_hold_us.value,
		p_hog_ms.value, p_verify.value);
}

static void stress_print_hist(const struct stress_stats *s, const char *prefix)
{
	static char line[768];	/* under stress_total_lock */
	int i, j, n;

	for (i = 0; i < STRESS_NR_TIMINGS; i++) {
		for (j = 0, n = 0; j < ARRAY_SIZE(s->hist[i]); j++)
			if (s->hist[i][j])
				n += scnprintf(line + n, sizeof(line) - n, " 2^%d=%llu", j,
					       s->hist[i][j]);
		if (n)
			pr_info("HIST %s%s_ns%s\n", prefix, stress_timing_names[i], line);
	}
}

static void stress_print_rt(void)
{
	const struct stress_stats *s = stress_sum_rt();

	stress_print_hist(s, "rt_");
	pr_info("RT prio=%u samples=%llu failures=%llu vmalloc_max_ns=%llu vfree_max_ns=%llu\n",
		p_rt_prio.value, s->count[STRESS_FREES], s->count[STRESS_FAILURES],
		s->max_ns[STRESS_VMALLOC], s->max_ns[STRESS_VFREE]);
}

static void stress_print_end(void)
{
	bool fail = atomic_long_read(&stress_ever_failed) || atomic_long_read(&stress_ever_damaged);
	const struct stress_stats *s;

	mutex_lock(&stress_total_lock);
	if (stress_rt)
		stress_print_rt();
	s = stress_sum();
	stress_print_hist(s, "");
	pr_info("END %s workload=%s ops=%llu allocs=%llu frees=%llu failures=%ld verified=%llu verify_errors=%ld vmalloc_max_ns=%llu vfree_max_ns=%llu drains=%ld lazy_peak_areas=%ld\n",
		fail ? "FAIL" : "PASS", stress_ops->name, s->count[STRESS_OPS],
		s->count[STRESS_ALLOCS], s->count[STRESS_FREES],
		atomic_long_read(&stress_ever_failed), s->count[STRESS_VERIFIED],
		atomic_long_read(&stress_ever_damaged), s->max_ns[STRESS_VMALLOC],
		s->max_ns[STRESS_VFREE], stress_traced(&stress_drains),
		stress_traced(&stress_lazy_peak));
	mutex_unlock(&stress_total_lock);
}

/* Stops all threads, which free all they have; whoever comes second waits. */
static void stress_stop(void)
{
	unsigned int i;

	mutex_lock(&stress_stop_lock);
	WRITE_ONCE(stress_stopping, true);
	if (stress_rt)
		stress_stop_thread(stress_rt);
	for (i = 0; i < p_threads.value; i++)
		stress_stop_thread(&stress_threads[i]);
	if (stress_started)
		stress_print_end();
	stress_started = false;
	mutex_unlock(&stress_stop_lock);
}

static void stress_duration_over(struct work_struct *work)
{
	stress_stop();
}

/* --- debugfs ---------------------------------------------------------- */

static void stress_show_hist(struct seq_file *m, const struct stress_stats *s, const char *prefix)
{
	int i, j;

	for (i = 0; i < STRESS_NR_TIMINGS; i++)
		for (j = 0; j < ARRAY_SIZE(s->hist[i]); j++)
			if (s->hist[i][j])
				seq_printf(m, "%s%s_ns_hist %d %llu\n", prefix,
					   stress_timing_names[i], j, s->hist[i][j]);
}

static void stress_show_times(struct seq_file *m, const struct stress_stats *s, const char *prefix)
{
	int i;

	for (i = 0; i < STRESS_NR_TIMINGS; i++)
		seq_printf(m, "%s%s_ns %llu\n%s%s_max_ns %llu\n", prefix, stress_timing_names[i],
			   s->sum_ns[i], prefix, stress_timing_names[i], s->max_ns[i]);
}

static void stress_show_areas(struct seq_file *m)
{
	unsigned long held = 0, live = 0;
	unsigned int i;

	for (i = 0; i < p_threads.value; i++) {
		held += READ_ONCE(stress_threads[i].held);
		live += READ_ONCE(stress_threads[i].live);
	}
	seq_printf(m, "held_areas %lu\nlive_areas %lu\n", min(held, live), live);
}

static void stress_show_drains(struct seq_file *m)
{
	seq_printf(m, "drains %ld\n", stress_traced(&stress_drains));
	seq_printf(m, "drained_areas %ld\n", stress_traced(&stress_drained_areas));
	seq_printf(m, "lazy_peak_areas %ld\n", stress_traced(&stress_lazy_peak));
	seq_printf(m, "purge_calls %ld\n", stress_traced(&stress_purge_calls));
	seq_printf(m, "backlog_peak_areas %ld\n", stress_traced_free(&stress_backlog_peak));
	seq_printf(m, "backlog_peak_pages %ld\n", stress_traced_free(&stress_backlog_peak_pages));
}

static void stress_show_load(struct seq_file *m)
{
	const struct stress_stats *s = stress_sum();
	int i;

	for (i = 0; i < STRESS_NR_COUNTERS; i++)
		seq_printf(m, "%s %llu\n", stress_counter_names[i], s->count[i]);
	seq_printf(m, "purge_min_ns %llu\n", s->purge_min_ns);
	seq_printf(m, "purge_min_ps_per_area %llu\n", s->purge_min_ps_per_area);
	stress_show_times(m, s, "");
	stress_show_hist(m, s, "");
}

static void stress_show_rt(struct seq_file *m)
{
	const struct stress_stats *s = stress_sum_rt();

	seq_printf(m, "rt_pid %d\n", stress_rt ? stress_rt->pid : 0);
	seq_printf(m, "rt_samples %llu\n", s->count[STRESS_FREES]);
	seq_printf(m, "rt_failures %llu\n", s->count[STRESS_FAILURES]);
	stress_show_times(m, s, "rt_");
	stress_show_hist(m, s, "rt_");
}

static int stress_stats_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "running %d\n", stress_is_running());
	seq_printf(m, "workload %s\n", stress_ops->name);
	stress_show_areas(m);
	stress_show_drains(m);
	mutex_lock(&stress_total_lock);
	stress_show_load(m);
	stress_show_rt(m);
	mutex_unlock(&stress_total_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stress_stats);

static ssize_t stress_reset_write(struct file *file, const char __user *buf, size_t len,
				  loff_t *pos)
{
	atomic_inc(&stress_epoch);
	stress_clear_drains();
	return len;
}

static const struct file_operations stress_reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = stress_reset_write,
	.llseek = noop_llseek,
};

static void stress_create_files(void)
{
	stress_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("stats", 0444, stress_dir, NULL, &stress_stats_fops);
	debugfs_create_file("reset", 0200, stress_dir, NULL, &stress_reset_fops);
}

/* --- Checks of the parameters ----------------------------------------- */

static int stress_find_workload(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stress_workloads); i++) {
		if (!strcmp(workload, stress_workloads[i].name)) {
			stress_ops = &stress_workloads[i];
			return 0;
		}
	}
	pr_err("unknown workload \"%.32s\" (none churn fragment large mixed vmap map_ram hold purge busted rt_free hog oom_race atomic)\n",
	       workload);
	return -EINVAL;
}

static int stress_parse(struct stress_param *p)
{
	long long value;
	int err;

	p->value = p->def;
	if (!p->given)
		return 0;
	err = kstrtoll(p->text, 0, &value);
	if (err == -EINVAL) {
		pr_err("%s=%.32s is not a number (range %u..%u)\n", p->name, p->text,
		       p->min, p->max);
		return -EINVAL;
	}
	if (p->is_prio && (err || (value && value != STRESS_FIFO_LOW && value != STRESS_FIFO))) {
		pr_err("%s=%.32s is none of 0 %u %u, all that a module can ask for\n", p->name,
		       p->text, STRESS_FIFO_LOW, STRESS_FIFO);
		return -EINVAL;
	}
	if (err || value < p->min || value > p->max) {
		pr_err("%s=%.32s out of range %u..%u\n", p->name, p->text, p->min, p->max);
		return -EINVAL;
	}
	p->value = value;
	return 0;
}

static int stress_parse_all(void)
{
	unsigned int uses = stress_ops->uses;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(stress_params); i++) {
		err = stress_parse(stress_params[i]);
		if (err)
			return err;
	}
	if (p_rt_prio.value)
		uses |= STRESS_RT;
	for (i = 0; i < ARRAY_SIZE(stress_params); i++) {
		const struct stress_param *p = stress_params[i];

		if (p->given && p->only && !(p->only & uses)) {
			pr_err("%s has no effect with workload=%s rt_prio=%u\n", p->name,
			       stress_ops->name, p_rt_prio.value);
			return -EINVAL;
		}
	}
	if (p_verify.value && !stress_ops->map && !p_rt_prio.value) {
		pr_err("verify has no effect with workload=%s rt_prio=0, which allocates nothing\n",
		       stress_ops->name);
		return -EINVAL;
	}
	return 0;
}

/* As many areas as make the kernel drain, see lazy_max_pages() of mm/vmalloc.c. */
static unsigned int stress_hog_areas(void)
{
	return fls(num_online_cpus()) * (SZ_32M / PAGE_SIZE) / (p_pages.value + 1) + 1;
}

static void stress_set_defaults(void)
{
	if (!p_threads.given && stress_ops->uses & STRESS_ALL_CPUS)
		p_threads.value = num_online_cpus();
	if (!p_nr_areas.given)
		p_nr_areas.value = stress_ops->def_areas ?: p_threads.value;
	if (stress_ops->uses & STRESS_HOG)
		p_nr_areas.value = p_threads.value + stress_hog_areas();
	if (!p_burst_prio.given)
		p_burst_prio.value = stress_ops->def_burst_prio;
	if (!p_pages.given && stress_ops->def_pages)
		p_pages.value = stress_ops->def_pages;
	if (!p_burst_gap_ms.given && p_burst_prio.value)
		p_burst_gap_ms.value = STRESS_GAP_MS;
}

/* How many of @n areas are not held. */
static unsigned int stress_nr_churned(unsigned int n)
{
	return p_stride.value > 1 ? n - DIV_ROUND_UP(n, p_stride.value) : n;
}

/*
 * Purged to the last area before it allocates again, a burst finds its old
 * places; else it needs others.
 */
static bool stress_wants_room(void)
{
	return stress_ops->uses & STRESS_ROOM && p_stride.value > 1 && !p_burst_prio.value;
}

static int stress_check_set(void)
{
	unsigned int threads = p_threads.value, churned;

	if (!(stress_ops->uses & STRESS_SET))
		return 0;
	if (p_nr_areas.value / threads < 2) {
		pr_err("nr_areas=%u is too few for threads=%u, which need 2 each\n",
		       p_nr_areas.value, threads);
		return -EINVAL;
	}
	churned = stress_nr_churned(p_nr_areas.value / threads) * threads;
	if (p_burst.value > churned) {
		pr_err("burst=%u out of range 0..%u, the areas that are not held\n",
		       p_burst.value, churned);
		return -EINVAL;
	}
	return 0;
}

static int stress_check_workload(void)
{
	if (stress_ops->round == stress_round_purge && p_threads.value > 1) {
		pr_err("threads=%u out of range 1..1 with workload=purge, which times its own purge\n",
		       p_threads.value);
		return -EINVAL;
	}
	if (stress_ops->uses & STRESS_HOG &&
	    (num_online_cpus() < 2 || p_threads.value < 2)) {
		pr_err("threads=%u on %u CPUs is too few with workload=hog, which takes 2 of each\n",
		       p_threads.value, num_online_cpus());
		return -EINVAL;
	}
	if (stress_ops->def_pages >= STRESS_LARGE_MIN && p_pages.value < STRESS_LARGE_MIN) {
		pr_err("pages=%u out of range %u..%u with workload=%s\n", p_pages.value,
		       STRESS_LARGE_MIN, p_pages.max, stress_ops->name);
		return -EINVAL;
	}
	return 0;
}

/* None of the products exceeds 64 bits: 2^23 areas of 2^16 pages of 2^16 bytes. */
static int stress_check_memory(void)
{
	u64 limit = ((u64)totalram_pages() << PAGE_SHIFT) / 2;
	u32 pages = stress_ops->max_pages ?: p_pages.value;
	u32 rt_pages = p_rt_prio.value ? p_rt_pages.value : 0;
	u64 areas = p_nr_areas.value, need;

	if (stress_wants_room())
		areas *= 2;
	need = STRESS_AREA_COST + pages * sizeof(pte_t);
	if (!stress_ops->pool)
		need += (u64)pages << PAGE_SHIFT;
	need *= stress_ops->map ? areas : 0;
	if (stress_ops->pool)
		need += p_threads.value * (p_pages.value * (u64)sizeof(struct page *) +
					   ((u64)stress_ops->pool << PAGE_SHIFT));
	need += (u64)rt_pages << PAGE_SHIFT;
	if (need <= limit)
		return 0;
	pr_err("nr_areas=%u with up to %u pages each, threads=%u and rt_pages=%u may need %llu MiB, more than half of the RAM (%llu MiB)\n",
	       stress_ops->map ? p_nr_areas.value : 0, pages, p_threads.value, rt_pages,
	       need >> 20, limit >> 20);
	return -EINVAL;
}

static int stress_check_params(void)
{
	int err = stress_find_workload();

	if (!err)
		err = stress_parse_all();
	if (err)
		return err;
	stress_set_defaults();
	err = stress_check_set();
	if (!err)
		err = stress_check_workload();
	if (!err)
		err = stress_check_memory();
	return err;
}

/* --- Coming and going ------------------------------------------------- */

static int stress_alloc_pool(struct stress_thread *t)
{
	unsigned int n = max(t->ops->pool, t == stress_rt ? p_rt_pages.value : p_pages.value);
	unsigned long *page;
	unsigned int i;

	t->pool = kcalloc(t->ops->pool, sizeof(*t->pool), GFP_KERNEL);
	t->map = kvcalloc(n, sizeof(*t->map), GFP_KERNEL);
	if (!t->pool || !t->map)
		return -ENOMEM;
	for (i = 0; i < t->ops->pool; i++) {
		t->pool[i] = alloc_page(GFP_KERNEL);
		if (!t->pool[i])
			return -ENOMEM;
		page = page_address(t->pool[i]);
		*page = stress_mix(t->salt + i);
		*stress_last_word(page) = ~*page;
	}
	for (i = 0; i < n; i++)
		t->map[i] = t->pool[i % t->ops->pool];
	return 0;
}

static void stress_free_pool(struct stress_thread *t)
{
	unsigned int i;

	for (i = 0; t->pool && i < t->ops->pool; i++)
		if (t->pool[i])
			__free_page(t->pool[i]);
	kfree(t->pool);
	kvfree(t->map);
}

static int stress_init_thread(struct stress_thread *t, const struct stress_ops *ops,
			      unsigned int id, unsigned int nr_areas)
{
	t->ops = ops;
	t->random = stress_mix(((u64)id << 32) + p_seed.value) | 1;
	t->salt = stress_mix(t->random);
	raw_spin_lock_init(&t->busted);
	t->nr_areas = nr_areas;
	t->nr_slots = t != stress_rt && stress_wants_room() ? 2 * nr_areas : nr_areas;
	t->nr_churned = ops->uses & STRESS_BURSTS ? stress_nr_churned(nr_areas) : nr_areas;
	t->burst = t->nr_churned;
	if (p_burst.value)
		t->burst = clamp(p_burst.value / p_threads.value, 1U, t->nr_churned);
	if (!ops->map)
		t->nr_slots = 0;
	if (!t->nr_slots)
		return 0;
	t->area = kvcalloc(t->nr_slots, sizeof(*t->area), GFP_KERNEL);
	if (!t->area)
		return -ENOMEM;
	return ops->pool ? stress_alloc_pool(t) : 0;
}

static void stress_exit_thread(struct stress_thread *t)
{
	if (t->ops)
		stress_free_pool(t);
	kvfree(t->area);
}

static int stress_init_threads(void)
{
	unsigned int i, n = p_threads.value, areas = p_nr_areas.value;
	int err = 0;

	stress_nr_ready = n + !!p_rt_prio.value;
	stress_threads = kvcalloc(n + 1, sizeof(*stress_threads), GFP_KERNEL);
	if (!stress_threads)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		unsigned int nr = areas / n + (i < areas % n);

		if (stress_ops->uses & STRESS_HOG)
			nr = i ? 1 : areas - (n - 1);
		err = stress_init_thread(&stress_threads[i], stress_ops, i, nr);
	}
	if (err || !p_rt_prio.value)
		return err;
	stress_rt = &stress_threads[n];
	return stress_init_thread(stress_rt,
				  p_rt_vmap.value ? &stress_rt_vmap_ops : &stress_rt_ops, n, 1);
}

/* Undoes whatever there is to undo, however far the start came. */
static void stress_cleanup(void)
{
	unsigned int i;

	debugfs_remove(stress_dir);
	if (!stress_threads)
		return;
	stress_stop();
	cancel_delayed_work_sync(&stress_duration);
	stress_untrace();
	for (i = 0; i < p_threads.value; i++)
		stress_exit_thread(&stress_threads[i]);
	if (stress_rt)
		stress_exit_thread(stress_rt);
	kvfree(stress_threads);
}

static int __init stress_init(void)
{
	int err = stress_check_params();

	if (err)
		return err;
	err = stress_init_threads();
	if (err)
		pr_err("no memory for the bookkeeping of nr_areas=%u threads=%u\n",
		       p_nr_areas.value, p_threads.value);
	else
		err = stress_create_all();
	if (err) {
		stress_cleanup();
		return err;
	}
	stress_trace();
	stress_create_files();
	stress_print_start();
	stress_started = true;
	stress_wake_all();
	return 0;
}
module_init(stress_init);

static void __exit stress_exit(void)
{
	stress_cleanup();
}
module_exit(stress_exit);

MODULE_DESCRIPTION("Provokes the long non-preemptible sections of vmalloc");
MODULE_AUTHOR("vmalloc-rt");
MODULE_LICENSE("GPL");
