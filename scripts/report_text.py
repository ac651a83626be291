# SPDX-License-Identifier: GPL-2.0
"""report_text.py - what a report says, from the content of report.json, and report.txt of it"""

METHOD = """\
Virtual time: QEMU runs the guest so that one instruction takes one nanosecond and a halted CPU skips to its next
timer; what else the host does changes nothing, and the same run gives the same figures. Latencies are cyclictest's:
how much later than asked for a SCHED_FIFO 99 task woke up. They count the instructions that stood in its way, not
cache misses, memory bandwidth or power management: compare base with patched, not with a clock on the wall.
One CPU runs. "8 nodes" is the same machine with eight possible CPUs, seven of which stay off: vmalloc then
keeps its free areas in eight nodes with pools of their own. Each workload is measured in several phases, which
differ in the moment the load starts; the maximum is over all phases, "phases" shows the range of their maxima.
The load runs for half a second at least before each measurement. No tracer runs. Sections with preemption off are
measured by QEMU, from before cyclictest starts until after it has ended, so what it takes to lock its memory is among
them; holds of spinlocks likewise, interrupts subtracted from both. Where the kernel has
CONFIG_PCP_BATCH_SCALE_MAX it is 0, in base and patched alike: otherwise the page allocator's own long sections
(refilling a per-CPU list) show as well.
An allocation or a free takes what is done in the call, and what interrupts it.
A percentile is left out where there are too few samples for one to be beyond it; report.json says how many are.
The load of "curve" frees its areas as SCHED_FIFO 1 in one go, so that the drain finds exactly that many."""

NOT_MEASURED = """\
Hardware: caches, memory, SMIs, power management; several running CPUs, so lock contention and IPIs; other
architectures and preemption models than the one named above."""


CONTROLS = ("idle", "busted")
HOLDS = 2

# Where a figure says nothing: no load, or a share of the CPU that the reader of vmallocinfo decides.
UNCOMPARED = {
    "ops_per_second": (*CONTROLS, "vmallocinfo", "vmallocinfo-read"),
    "drains_per_million": ("vmallocinfo",),
    "lazy_peak_areas": CONTROLS,
    "memory_kb": CONTROLS,
    "alloc_ns_each": ("vmallocinfo", "vmallocinfo-read"),
    "free_ns_each": ("vmallocinfo", "vmallocinfo-read"),
}


def number(value):
    """As many digits as mean something to a reader; report.json has them all."""
    return None if value is None else f"{value:.0f}" if value >= 1000 else f"{value:g}"


def grid(rows, left=1):
    """Lines of aligned columns; the first row is the heading, the first columns are flush left."""
    rows = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join("  " + line for line in lines) + "\n"


class Table:
    """Rows of cells, the first of them the heading; the first columns are flush left."""

    def __init__(self, rows, left=1):
        self.rows, self.left = rows, left

    def __bool__(self):
        return len(self.rows) > 1

    def __str__(self):
        return grid(self.rows, self.left)


def pairs(runs, field):
    """(workload, nodes, base, patched) of all runs that have the field."""
    found = {}
    for run in runs:
        if field in run:
            found.setdefault((run["workload"], run["nodes"]), {})[run["variant"]] = run
    return [(workload, nodes, both.get("base"), both.get("patched")) for (workload, nodes), both in found.items()]


def value(run, field):
    return None if run is None else run.get(field)


def times(base, patched):
    if base is None or not patched:
        return None
    quotient = base / patched
    return f"{quotient:.0f}" if quotient >= 1000 else f"{quotient:.3g}"


def compare(runs, fields):
    """base and patched side by side, and their quotient."""
    rows = []
    for field, name in fields:
        for workload, nodes, base, patched in pairs(runs, field):
            if workload not in UNCOMPARED.get(field, ()) and not workload.startswith(("curve-", "rt-")):
                b, p = value(base, field), value(patched, field)
                rows.append([workload, name, nodes, number(b), number(p), times(p, b)])
    return Table([["workload", "figure", "nodes", "base", "patched", "patched/base"]] + rows, 2)


def rt_times(runs):
    rows = [[workload, name, nodes, value(base, field), value(patched, field)]
            for field, name in (("rt_vmalloc_max_ns", "vmalloc()"), ("rt_vfree_max_ns", "vfree()"))
            for workload, nodes, base, patched in pairs(runs, field)]
    return Table([["workload", "", "nodes", "base", "patched"]] + rows, 2)


def worst(runs):
    rows = [[workload, nodes, value(base, "max_us"), value(patched, "max_us"),
             times(value(base, "max_us"), value(patched, "max_us"))]
            for workload, nodes, base, patched in pairs(runs, "max_us") if workload not in CONTROLS]
    rows.sort(key=lambda row: -(row[2] or 0))
    idle = [[workload, nodes, value(base, "max_us"), value(patched, "max_us"), None]
            for workload, nodes, base, patched in pairs(runs, "max_us") if workload == "idle"]
    return Table([["workload", "nodes", "base", "patched", "base/patched"]] + rows + idle)


def latencies(runs):
    rows = [[run["workload"], run["variant"], run["nodes"], run["samples"], run["min_us"], f"{run['avg_us']:.2f}",
             *run["percentiles_us"].values(), run["max_us"], run["overflow"],
             f"{min(run['phase_max_us'])}..{max(run['phase_max_us'])} ({run['phases']})"]
            for run in runs if "max_us" in run]
    shares = next((run["percentiles_us"] for run in runs if "max_us" in run), ())
    return Table([["workload", "kernel", "nodes", "samples", "min", "avg", *(f"p{share}" for share in shares), "max", "over",
                   "phases"]] + rows, 2)


def curve(points):
    areas = sorted({point["lazy_areas"] for point in points})
    rows = []
    for nodes in (1, 8):
        for variant in ("base", "patched"):
            found = {p["lazy_areas"]: p["max_us"] for p in points if (p["variant"], p["nodes"]) == (variant, nodes)}
            if found:
                rows.append([variant, nodes] + [found.get(a) for a in areas])
    return Table([["kernel", "nodes"] + areas] + rows)


def sections(runs):
    """The longest sections with preemption off, by function; of the load, so not those of the controls."""
    rows = []
    for run in runs:
        if run["workload"] not in CONTROLS:
            for row in run.get("preempt_off", [])[:4] + [row for row in run.get("preempt_off", [])[4:] if row["vmalloc"]][:1]:
                rows.append([run["workload"], run["variant"], run["nodes"], ("* " if row["vmalloc"] else "  ") + row["function"]
                             + (f" < {row['callers'][0]}" if row["callers"] else ""), row["longest"], row["average"], row["count"]])
    return Table([["workload", "kernel", "nodes", "* is vmalloc's", "longest", "average", "count"]] + rows, 4)


def holds(runs):
    """The longest holds of vmalloc's spinlocks, by lock and function; of the load, so not those of the controls."""
    rows = [[run["workload"], run["variant"], run["nodes"], f"{row['lock']} in {row['function']}", row["longest"], row["average"],
             row["count"]] for run in runs if run["workload"] not in CONTROLS
            for row in [row for row in run.get("lock_holds", []) if row["vmalloc"]][:HOLDS]]
    return Table([["workload", "kernel", "nodes", "spinlock", "longest", "average", "count"]] + rows, 4)


def bounds(found):
    rows = [["held" if bound["held"] else "BROKEN", bound["name"], bound["figure"],
             f"{bound['relation']} {number(bound['limit'])}", number(bound["value"])] for bound in found]
    return Table([["", "bound", "figure", "limit", "value"]] + rows, 3)


def indent(lines):
    return "".join(f"  {line}\n" for line in lines)


def title(report):
    append = f", {report['append']}" if report.get("append") else ""
    return (f"vmalloc-rt: Linux {report['kernel']}, {report['arch']}, PREEMPT={report['preempt']}{append}: "
            f"{report['verdict'].upper()}")


def parts(report):
    """(heading, body) of each part of the report. A body is a Table or a list of lines."""
    runs = report["runs"]
    return [
        ("", report["reasons"]),
        ("Worst wake-up latency, microseconds of virtual time, worst first", worst(runs)),
        ("Bounds on the patched kernel", bounds(report["bounds"])),
        ("Longest latency by number of lazily freed areas, microseconds", curve(report["curve"])),
        ("All latencies, microseconds", latencies(runs)),
        ("Sections with preemption off, instructions, the four functions with the longest and vmalloc's first", sections(runs)),
        ("Spinlocks that functions of vmalloc held, instructions, the two longest holds first", holds(runs)),
        ("Cost", compare(runs, [
            ("ops_per_second", "operations per virtual second"),
            ("drains_per_million", "TLB flushes per million frees"),
            ("purge_ns_per_area", "instructions per purged area"),
            ("alloc_ns_each", "instructions per allocation"),
            ("free_ns_each", "instructions per free"),
            ("read_ns_each", "instructions per reading"),
            ("lazy_peak_areas", "most areas in one drain"),
            ("memory_kb", "memory in use at the end, kB")])),
        ("A SCHED_FIFO 50 task's own longest vmalloc() and vfree(), nanoseconds of virtual time",
         rt_times(runs)),
        ("Controls", report["controls"]),
        ("Method", METHOD.splitlines()),
        ("Not measured", NOT_MEASURED.splitlines()),
        ("Machine and tools", [
            report["qemu"]["version"], report["guest"]["cpu"], report["guest"]["memory"],
            f"compiler: {report['compiler']}", f"kernel configuration: sha256 {report['config_sha256']}",
            "guest: " + ", ".join(report["guest"]["packages"])]),
        ("Series", report["series"]),
        ("Commands (the first run's; runs/*/command has the others)", [
            report["qemu"]["command"],
            "in the guest: cyclictest -m -q -p 99 -i 200 -D SECONDS -h UPTO --secaligned=USEC --json=FILE"]),
    ]


def words(heading, found):
    """The text of a report."""
    pieces = [heading + "\n"] if heading else []
    for name, body in found:
        if body:
            pieces.append((f"{name}\n\n" if name else "") + (str(body) if isinstance(body, Table) else indent(body)))
    return "\n".join(pieces)
