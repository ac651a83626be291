#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py - turn the raw results of a benchmark into report.json, report.txt, report.html and latency.svg

usage: scripts/report.py RESULTS WORKLOADS BOUNDS

RESULTS is the directory that scripts/bench filled, WORKLOADS and BOUNDS are scripts/workloads and scripts/bounds.
Exit status: 0 all bounds held, 1 the rig broke, 2 a bound was broken.
"""

import hashlib
import json
import os
import shlex
import sys

import preempt_off
import report_html
import report_svg
import report_text

LOADS = "churn fragment large mixed vmap map_ram".split()
CURVE = "curve-"
DRAINED = "fragment"
BUSTED_TOLERANCE = 0.05
SECTIONS = 10
SHARES = (0.5, 0.99, 0.999, 0.9999, 0.99999)
PLUGIN_TOLERANCE = 1000
MEASURED_SHARE = 0.99
RT_INTERVAL_US = 1000  # rt_interval_us of vmalloc_stress
SUMMED = ("ops allocs frees failures verify_errors drains drained_areas purge_calls purge_areas purge_ns vmalloc_ns vfree_ns "
          "rt_samples reads read_ns elapsed_ns").split()
GREATEST = "lazy_peak_areas memory_kb rt_vmalloc_max_ns rt_vfree_max_ns".split()
READ_ONLY = ("reads", "read_ns")


class RigBroke(Exception):
    """What was measured cannot be trusted."""


def table(path):
    """The rows of a data file, comments left out."""
    with open(path, encoding="utf-8") as file:
        return [row.split() for row in file if row.strip() and not row.startswith("#")]


def text(*path):
    with open(os.path.join(*path), encoding="utf-8", errors="replace") as file:
        return file.read().strip()


def read_stats(path):
    """key value lines; what is no whole number (histograms, names) is left out."""
    stats = {}
    for line in text(path).splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("-").isdigit():
            stats[words[0]] = int(words[1])
    return stats


def percentiles(histogram, samples):
    """For each share of SHARES, in percent, the smallest latency that at least so many samples do not exceed, and how many
    do exceed it; none where that is beyond the histogram, or where there are so few samples that none need exceed it.
    """
    latency, beyond, seen, left = {}, {}, 0, sorted(histogram, reverse=True)
    for share in SHARES:
        while left and seen < share * samples:
            last = left.pop()
            seen += histogram[last]
        known = seen >= share * samples and samples * (1 - share) > 0.999
        latency[f"{100 * share:g}"] = last if known else None
        beyond[f"{100 * share:g}"] = samples - seen if known else None
    return {"percentiles_us": latency, "beyond": beyond}


def latencies(results, asked):
    """One record from cyclictest's results, the phases taken together."""
    histogram, phase_max, total, overflow = {}, [], 0, 0
    for result in results:
        thread = result["thread"]["0"]
        # From one sample to the next it takes an interval, or the latency if that is longer: no more than both.
        if (result["return_code"] != 0 or thread["cycles"] * (int(asked["interval"]) + thread["avg"]) <
                MEASURED_SHARE * 1e6 * int(asked["seconds"])):
            raise RigBroke(f"cyclictest: status {result['return_code']}, {thread['cycles']} samples in {asked['seconds']} s")
        for latency, count in thread["histogram"].items():
            histogram[int(latency)] = histogram.get(int(latency), 0) + count
        overflow += thread["cycles"] - sum(thread["histogram"].values())
        phase_max.append(thread["max"])
        total += thread["avg"] * thread["cycles"]
    samples = sum(histogram.values()) + overflow
    return {
        "samples": samples,
        "min_us": min(histogram),
        "avg_us": round(total / samples, 2),
        **percentiles(histogram, samples),
        "max_us": max(phase_max),
        "phase_max_us": phase_max,
        "overflow": overflow,
        "histogram": {str(us): histogram[us] for us in sorted(histogram)},
    }


def ratio(record, name, over, under, factor, digits):
    if record.get(under, 0) > 0 and record.get(over, -1) >= 0:
        record[name] = round(factor * record[over] / record[under], digits)


def add_sections(record, path, system_map):
    """What the plugin has measured: the longest sections with preemption off by function, and vmalloc's longest."""
    sections = os.path.join(path, "preempt-off")
    if "'-plugin'" not in text(path, "command"):
        return
    rows = preempt_off.longest_sections(system_map, sections)
    if not rows:
        raise RigBroke(f"{path}: the plugin saw no section with preemption off")
    vmalloc = [row for row in rows if row["vmalloc"]]
    record["preempt_off"] = rows[:SECTIONS] + [row for row in vmalloc[:1] if row not in rows[:SECTIONS]]
    record["vmalloc_off_max"] = vmalloc[0]["longest"] if vmalloc else 0
    holds = preempt_off.longest_holds(system_map, sections + ".locks")
    record["lock_holds"] = [row for row in holds if row["vmalloc"] or row["function"] == "(module)"][:SECTIONS]
    if record["workload"] == DRAINED and os.path.exists(sections + ".times"):
        record["vmalloc_times"] = preempt_off.vmalloc_times(system_map, sections + ".times")


def check_calls(stats, parameters):
    """The module times calls that have returned. One that has not would be no call at all, and the best of all."""
    asked = dict(word.split("=") for word in parameters.split())
    if "rt_prio" not in asked:
        return
    interval = 1000 * int(asked.get("rt_interval_us", RT_INTERVAL_US))
    for one in stats:
        accounted = one["rt_samples"] * interval + one["rt_vmalloc_ns"] + one["rt_vfree_ns"]
        if accounted < MEASURED_SHARE * one["elapsed_ns"]:
            raise RigBroke(f"the real-time task has done {one['rt_samples']} calls in {one['elapsed_ns']} ns: one hangs")


def read_run(path, variant, nodes, name, parameters):
    """The record of one guest."""
    where = f"{variant}, {nodes} node(s), {name}"
    if text(path, "verdict") != "pass":
        raise RigBroke(f"{where}: {text(path, 'verdict')}")
    asked = dict(word.split("=", 1) for word in shlex.split(text(path, "append")) if "=" in word)
    phases = range(1, int(asked["phases"]) + 1)
    stats = [read_stats(os.path.join(path, f"{phase}.stats")) for phase in phases]
    record = {"variant": variant, "nodes": nodes, "workload": name, "parameters": " ".join(parameters),
              "phases": len(phases)}
    try:
        if asked["measure"] == "cyclictest":
            record.update(latencies([json.loads(text(path, f"{phase}.json")) for phase in phases], asked))
        for key in SUMMED:
            if key not in READ_ONLY or asked["measure"] == "read":
                values = [one[key] for one in stats]
                record[key] = -1 if -1 in values else sum(values)
        for key in GREATEST:
            record[key] = max(one[key] for one in stats)
        if variant == "patched":
            check_calls(stats, record["parameters"])
    except RigBroke as error:
        raise RigBroke(f"{where}: {error}") from error
    except KeyError as error:
        raise RigBroke(f"{where}: no {error} in what a phase left") from error
    add_sections(record, path, os.path.normpath(os.path.join(path, "..", "..", "kernel", variant, "System.map")))
    if "rt_prio=" not in record["parameters"]:
        for key in ("rt_samples", "rt_vmalloc_max_ns", "rt_vfree_max_ns"):
            record.pop(key, None)
    ratio(record, "ops_per_second", "ops", "elapsed_ns", 1e9, 1)
    ratio(record, "drains_per_million", "drains", "frees", 1e6, 2)
    ratio(record, "purge_ns_per_area", "purge_ns", "purge_areas", 1, 2)
    ratio(record, "alloc_ns_each", "vmalloc_ns", "allocs", 1, 1)
    ratio(record, "free_ns_each", "vfree_ns", "frees", 1, 1)
    ratio(record, "read_ns_each", "read_ns", "reads", 1, 0)
    record["release"] = text(path, "release")
    record["command"] = text(path, "command")
    if record.get("verify_errors", 0):
        raise RigBroke(f"{where}: the module found {record['verify_errors']} damaged pages")
    if record.get("failures", 0):
        raise RigBroke(f"{where}: {record['failures']} allocations failed")
    return record


def read_runs(results, workloads):
    """The records of all guests that scripts/bench was to run, in the order of the table."""
    guests, runs = text(results, "guests").split(), []
    for row in workloads:
        for nodes in (1, 8):
            for variant in ("base", "patched"):
                guest = f"{variant}-{nodes}-{row[0]}"
                if guest in guests:
                    runs.append(read_run(os.path.join(results, "runs", guest), variant, nodes, row[0], row[5:]))
    if len(runs) != len(guests) or not runs:
        raise RigBroke(f"{len(guests)} guests were to run, {len(runs)} of them are of scripts/workloads")
    return runs


def find(runs, variant, nodes, workload):
    for run in runs:
        if (run["variant"], run["nodes"], run["workload"]) == (variant, nodes, workload):
            return run
    return None


def parameter(run, key):
    """A parameter of the stress module, as a number."""
    return int(dict(word.split("=") for word in run["parameters"].split())[key])


def curve(runs):
    points = []
    for run in runs:
        if run["workload"].startswith(CURVE):
            areas = parameter(run, "burst")
            # A few others are among them, such as the stack of a task that has ended.
            if run["lazy_peak_areas"] != -1 and not areas <= run["lazy_peak_areas"] <= 1.01 * areas:
                raise RigBroke(f"{run['variant']}, {run['nodes']} node(s), {run['workload']}: "
                               f"{run['lazy_peak_areas']} lazy areas in a drain instead of {areas}")
            points.append({"variant": run["variant"], "nodes": run["nodes"], "lazy_areas": areas,
                           "max_us": run["max_us"]})
    return points


def drains(runs):
    """One drain of either kernel: when vmalloc had preemption off, us, in windows of the same width.

    Base's is around its longest section, patched's where it has most.
    """
    found = []
    for nodes in (1, 8):
        times = {variant: (find(runs, variant, nodes, DRAINED) or {}).pop("vmalloc_times", [])
                 for variant in ("base", "patched")}
        if not all(times.values()):
            continue
        begin, longest = max(times["base"], key=lambda time: time[1])
        width = 2 * longest
        starts = {"base": begin - width // 4,
                  "patched": max((begin for begin, _ in times["patched"]), key=lambda start: sum(
                      length for begin, length in times["patched"] if start <= begin < start + width))}
        found += [{"nodes": nodes, "variant": variant, "width_us": width / 1000, "sections_us": [
            ((begin - starts[variant]) / 1000, length / 1000) for begin, length in times[variant]
            if 0 <= begin - starts[variant] < width]} for variant in starts]
    return found


def check_controls(runs):
    """Whether the rig sees what it must see; a list of complaints, and a list of sentences for the report."""
    complaints, facts = [], []
    for run in runs:
        where = f"{run['variant']}, {run['nodes']} node(s)"
        if run["workload"] == "idle":
            facts.append(f"floor: {where}, idle: max {run['max_us']} us")
        if run["workload"] == "busted":
            held = parameter(run, "hold_us")
            facts.append(f"positive control: {where}: preemption off for {held} us, seen as {run['max_us']} us")
            if abs(run["max_us"] - held) > BUSTED_TOLERANCE * held:
                complaints.append(f"{where}: preemption was off for {held} us, cyclictest saw {run['max_us']} us")
            # The plugin cannot tell the functions of a module.
            for key, what in (("preempt_off", "preemption off"), ("lock_holds", "a spinlock held")):
                if key not in run:
                    continue
                found = max((row["longest"] for row in run[key] if row["function"] == "(module)"), default=0)
                facts.append(f"positive control: {where}: {what} for {held} us, seen by the plugin as {found} instructions")
                if not held * 1000 <= found < held * 1000 + PLUGIN_TOLERANCE:
                    complaints.append(f"{where}: {what} for {held} us, the plugin saw {found} instructions")
    if not any("preempt_off" in run for run in runs):
        facts.append("sections with preemption off were not measured: the plugin does not run on this kernel, or architecture")
    return complaints, facts


def may_lack(run, figure):
    """Whether the rig cannot have that figure of a run: the kernel tells of no drains, or the plugin does not run."""
    return run["drains"] == -1 if figure == "drains_per_million" else figure == "vmalloc_off_max"


def figure_of(runs, variant, nodes, workload, figure):
    """One figure of one run, or None if that was not run, or may lack it."""
    run = find(runs, variant, nodes, workload)
    if run is None or (figure not in run and may_lack(run, figure)):
        return None
    if figure not in run:
        raise RigBroke(f"{variant}, {nodes} node(s), {workload}: no {figure}")
    return run[figure]


def limit_of(runs, variant, nodes, workload, figure, factor, of):
    """What a row of scripts/bounds allows one kernel, or None if what it refers to was not run."""
    if of in ("us", "instructions"):
        return factor
    if of == "base":
        reference = figure_of(runs, "base", nodes, workload, figure)
    else:
        of, _, at = of.partition("@")
        reference = figure_of(runs, variant, int(at or nodes), of, figure)
    return None if reference is None else round(factor * reference, 3)


def count_resolution(runs, nodes, workload):
    """What two drains more or less in each phase make in drains per million frees.

    A phase begins and ends between two drains, so a count is up to one off the rate for each phase, and the difference
    of two counts of the same rate up to two.
    """
    record = find(runs, "patched", nodes, workload)
    return 2 * record["phases"] * 1e6 / record["frees"]


def applies(words, name):
    """Whether a list of scripts/bounds has the name: "a,b", "*" for all, "!a,b" for all but these."""
    listed = bool({"*", name} & set(words.lstrip("!").split(",")))
    return listed != words.startswith("!")


def check_bounds(runs, rows, line, arch, preempt):
    """The bounds of report.json, and complaints about bounds that the base kernel does not break but must."""
    bounds, powerless = [], []
    for name, workloads, nodes_list, figure, limit, of, only, models, lines, power in rows:
        if not (applies(only, arch) and applies(models, preempt) and applies(lines, line)):
            continue
        relation, factor = limit[:2], float(limit[2:])
        for workload in LOADS if workloads == "*" else [workloads]:
            for nodes in map(int, nodes_list.split(",")):
                value = figure_of(runs, "patched", nodes, workload, figure)
                allowed = limit_of(runs, "patched", nodes, workload, figure, factor, of)
                if value is None or allowed is None:
                    continue
                if figure == "drains_per_million":
                    allowed = round(allowed + count_resolution(runs, nodes, workload), 2)
                held = value <= allowed if relation == "<=" else value >= allowed
                bounds.append({"name": f"{name}: {workload}, {nodes} node(s)", "figure": figure,
                               "relation": relation, "limit": allowed, "value": value, "held": held})
                if power == "yes":
                    base = figure_of(runs, "base", nodes, workload, figure)
                    allowed = limit_of(runs, "base", nodes, workload, figure, factor, of)
                    if base is not None and allowed is not None and base <= allowed:
                        powerless.append(f"{name}: {workload}, {nodes} node(s): the base kernel itself reaches only "
                                         f"{base} where {allowed:g} is allowed")
    return bounds, powerless


def describe(results, runs):
    """What report.json says about the kernels and the machine."""
    settings = dict(line.split(None, 1) for line in text(results, "settings").splitlines())
    kernel = {variant: {file: text(results, "kernel", variant, file)
                        for file in ("release", "compiler", "series", "guest-packages", "sha256")}
              for variant in ("base", "patched")}
    configs = {variant: hashlib.sha256(open(os.path.join(results, "kernel", variant, "config"), "rb").read())
               .hexdigest() for variant in kernel}
    if configs["base"] != configs["patched"]:
        raise RigBroke("base and patched differ in their configuration")
    for run in runs:
        if run["release"] != kernel[run["variant"]]["release"]:
            raise RigBroke(f"{run['workload']}: booted {run['release']}")
    first = os.path.join(results, "runs", f"{runs[0]['variant']}-{runs[0]['nodes']}-{runs[0]['workload']}")
    return {
        "kernel": kernel["base"]["release"].removesuffix("-base"),
        "line": settings["line"],
        "arch": settings["arch"],
        "preempt": settings["preempt"],
        "qemu": {"version": text(first, "qemu"), "command": text(first, "command")},
        "cmdline": text(first, "cmdline"),
        "append": settings.get("append", ""),
        "config_sha256": configs["patched"],
        "compiler": kernel["patched"]["compiler"],
        "guest": {"cpu": text(first, "cpu"), "memory": text(first, "memory"),
                  "packages": kernel["patched"]["guest-packages"].splitlines()},
        "series": kernel["patched"]["series"].splitlines(),
        "built": {variant: kernel[variant]["sha256"].splitlines() for variant in kernel},
    }


def write(path, content):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(content)
    os.rename(path + ".tmp", path)


def main():
    if len(sys.argv) != 4 or "--help" in sys.argv:
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 1
    results = sys.argv[1]
    try:
        workloads, rows = table(sys.argv[2]), table(sys.argv[3])
        runs = read_runs(results, workloads)
        report = describe(results, runs)
        report["curve"], report["drains"] = curve(runs), drains(runs)
        report["bounds"], powerless = check_bounds(runs, rows, report["line"], report["arch"], report["preempt"])
    except (RigBroke, OSError, LookupError, TypeError, ValueError) as error:
        print(f"report.py: the rig broke: {error!r}" if not isinstance(error, (RigBroke, OSError))
              else f"report.py: the rig broke: {error}", file=sys.stderr)
        return 1
    complaints, facts = check_controls(runs)
    if not report["bounds"]:
        powerless.append("no bound is about what was measured")
    broken = [bound for bound in report["bounds"] if not bound["held"]]
    status = 1 if complaints or powerless else 2 if broken else 0
    report["verdict"] = "fail" if status else "pass"
    report["reasons"] = (["the rig broke: " + complaint for complaint in complaints] +
                         ["no power: " + complaint for complaint in powerless] +
                         ["bound broken: " + bound["name"] for bound in broken])
    report["controls"] = facts
    report["runs"] = runs
    title, parts, panels = report_text.title(report), report_text.parts(report), report_svg.panels(report)
    words = report_text.words(title, parts)
    write(os.path.join(results, "latency.svg"), report_svg.render(report, panels))
    write(os.path.join(results, "report.html"), report_html.page(title, parts, panels))
    write(os.path.join(results, "report.txt"), words)
    write(os.path.join(results, "report.json"), json.dumps(report, indent=1) + "\n")
    print(words, end="")
    return status


if __name__ == "__main__":
    sys.exit(main())
