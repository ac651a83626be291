#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""sweep.py - sweep.txt, sweep.json and sweep.svg from what scripts/sweep has run

usage: scripts/sweep.py RESULTS WORKLOADS SHIPPED

RESULTS is the directory that scripts/sweep filled, WORKLOADS is scripts/workloads, SHIPPED the batch of the series.
Exit status: 0 reported, 1 not.
"""

import json
import os
import sys

import report_svg
from report import RigBroke, read_run, table, write
from report_text import Table, words

# Heading, workload, field.
FIGURES = (
    ("longest latency, us", "fragment", "max_us"),
    ("longest section, instructions", "fragment", "vmalloc_off_max"),
    ("operations per second", "fragment", "ops_per_second"),
    ("instructions per purged area", "purge-apart", "purge_ns_per_area"),
)
PLOTS = (1, 3)
COLOURS = {1: "#d55e00", 8: "#0072b2", 64: "#009e73"}


def read(results, workloads):
    """{(batch, nodes): {workload: record}}"""
    rows = {row[0]: row[5:] for row in table(workloads)}
    found = {}
    for name in os.listdir(os.path.join(results, "runs")):
        batch, nodes, workload = name.split("-", 2)
        found.setdefault((int(batch), int(nodes)), {})[workload] = read_run(
            os.path.join(results, "runs", name), batch, int(nodes), workload, rows[workload])
    return found


def figure(found, batch, nodes, number):
    _, workload, field = FIGURES[number]
    return found[batch, nodes][workload].get(field)


def panel(found, column, number, shipped):
    batches, all_nodes = sorted({b for b, _ in found}), sorted({n for _, n in found})
    values = [figure(found, b, n, number) for b, n in found]
    drawn = report_svg.Panel(column, 0, FIGURES[number][0], "areas per hold; the line marks the batch of the series", "",
                             (min(batches) * 0.8, max(batches) * 1.25),
                             (10 ** len(str(int(min(values)))) / 10, 10 ** len(str(int(max(values))))))
    drawn.line(drawn.x(shipped), drawn.y0, drawn.x(shipped), drawn.y0 + drawn.height, "#222")
    for row, nodes in enumerate(all_nodes):
        colour = COLOURS.get(nodes, "#777777")
        places = [(drawn.x(b), drawn.y(figure(found, b, nodes, number))) for b in batches if (b, nodes) in found]
        drawn.polyline(places, colour)
        for x, y in places:
            drawn.out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 + row}" fill="{colour}" fill-opacity="0.8"/>')
        drawn.text(drawn.x0 + 8, drawn.y0 + 16 + 15 * row, f"{nodes} vmap node{'s' if nodes > 1 else ''}", weight="bold",
                   colour=colour)
    return drawn


def main():
    if len(sys.argv) != 4 or "--help" in sys.argv:
        print(__doc__.strip())
        return 0 if "--help" in sys.argv else 1
    results = sys.argv[1]
    try:
        shipped = int(sys.argv[3])
        found = read(results, sys.argv[2])
        rows = [[batch, nodes] + [figure(found, batch, nodes, number) for number in range(len(FIGURES))]
                for batch, nodes in sorted(found)]
        panels = [panel(found, column, number, shipped) for column, number in enumerate(PLOTS)]
    except (RigBroke, OSError, KeyError, ValueError, TypeError) as error:
        print(f"sweep.py: the rig broke: {error}", file=sys.stderr)
        return 1
    said = words(f"Areas merged per hold of the lock; the series has {shipped}",
                 [("", Table([["areas", "nodes", *(name for name, *_ in FIGURES)]] + rows))])
    write(os.path.join(results, "sweep.txt"), said)
    write(os.path.join(results, "sweep.json"), json.dumps(
        [{"areas": row[0], "nodes": row[1], **{FIGURES[i][2]: value for i, value in enumerate(row[2:])}} for row in rows],
        indent=1) + "\n")
    write(os.path.join(results, "sweep.svg"), report_svg.document(
        "Areas merged per hold of the lock of the free tree", "virtual time, 1 instruction = 1 ns; both axes logarithmic", 1, panels))
    print(said, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
