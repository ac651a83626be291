#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""summary.py - the reports of several benchmarks in one: summary.txt, summary.json and summary.svg

usage: scripts/summary.py OUTPUT REPORT...

REPORT is a report.json that scripts/bench wrote, or a summary.json; what comes later replaces what is of the same kernel line,
architecture and model. The summary goes to the directory OUTPUT, its text to stdout too.
Exit status: 0 written, 1 not.
"""

import json
import math
import os
import re
import sys

import report_svg
import report_text
from report import figure_of, write

# Name of a column, the workload and the figure it shows, and by what to divide that.
COLUMNS = [
    ("fragment", "fragment", "max_us", 1),
    ("vmallocinfo", "vmallocinfo", "max_us", 1),
    ("131072 lazy", "curve-131072", "max_us", 1),
    ("purge", "purge-apart", "purge_ns_per_area", 1),
    ("RT vmalloc", "rt-fragment", "rt_vmalloc_max_ns", 1000),
    ("RT vfree", "rt-fragment", "rt_vfree_max_ns", 1000),
]


def cell(report, nodes):
    """What the summary says of one report, for one number of vmap nodes."""
    figures = {}
    for name, workload, figure, unit in COLUMNS:
        if workload.startswith("rt-") and report["preempt"] != "rt":
            continue    # there cyclictest says it
        found = [figure_of(report["runs"], variant, nodes, workload, figure) for variant in ("base", "patched")]
        if None not in found and -1 not in found:
            figures[name] = {variant: round(value / unit) for variant, value in zip(("base", "patched"), found)}
    return {"kernel": report["kernel"], "arch": report["arch"], "preempt": report["preempt"], "nodes": nodes,
            "idle": figure_of(report["runs"], "patched", nodes, "idle", "max_us"), "figures": figures,
            "verdict": report["verdict"], "reasons": report["reasons"], "qemu": report["qemu"]["version"],
            "curve": [point for point in report["curve"] if point["nodes"] == nodes]}


def row(one):
    found = [one["figures"].get(name) for name, *_ in COLUMNS]
    return ([one["kernel"], one["arch"], one["preempt"], one["nodes"], one["idle"]] +
            [f"{both['base']} > {both['patched']}" if both else None for both in found] + [one["verdict"]])


def curves(cells):
    """One panel for each kernel, architecture and model, with one vmap node."""
    shown = [one for one in cells if one["curve"] and one["nodes"] == 1]
    if not shown:
        return None
    highest = report_svg.ceiling(max(point["max_us"] for one in shown for point in one["curve"]))
    panels = [report_svg.curve(number % 2, number // 2, f"{one['kernel']} {one['arch']}, PREEMPT={one['preempt']}",
                               one["curve"], highest) for number, one in enumerate(shown)]
    return report_svg.document("Longest latency of cyclictest by the number of lazily freed areas",
                               "one vmap node; virtual time, 1 instruction = 1 ns; both axes logarithmic",
                               math.ceil(len(panels) / 2), panels)


def main():
    if len(sys.argv) < 3 or "--help" in sys.argv:
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 1
    output, found = sys.argv[1], {}
    for path in sys.argv[2:]:
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
        except (OSError, ValueError) as error:
            print(f"summary.py: {path}: no report: {error}", file=sys.stderr)
            return 1
        for one in content if isinstance(content, list) else [
                cell(content, nodes) for nodes in sorted({run["nodes"] for run in content["runs"]})]:
            line = re.sub(r"^(\d+\.\d+)\.\d+|\d+$", r"\1", one["kernel"])
            found[line, one["arch"], one["preempt"], one["nodes"]] = one
    cells = list(found.values())
    words = ("Longest latencies, base > patched, microseconds of virtual time; purge: instructions per purged area, none adjacent\n\n" +
             report_text.grid([["kernel", "arch", "preempt", "nodes", "idle"] + [name for name, *_ in COLUMNS] + ["verdict"]] +
                              [row(one) for one in cells], 3))
    reasons = [f"{one['kernel']} {one['arch']} {one['preempt']}: {reason}"
               for one in cells if one["nodes"] == 1 for reason in one["reasons"]]
    if reasons:
        words += "\n" + report_text.indent(reasons)
    words += "\n" + report_text.indent(sorted({one["qemu"] for one in cells}))
    try:
        os.makedirs(output, exist_ok=True)
    except OSError as error:
        print(f"summary.py: no summary there: {error}", file=sys.stderr)
        return 1
    write(os.path.join(output, "summary.txt"), words)
    write(os.path.join(output, "summary.json"), json.dumps(cells, indent=1) + "\n")
    picture = curves(cells)
    if picture:
        write(os.path.join(output, "summary.svg"), picture)
    print(words, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
