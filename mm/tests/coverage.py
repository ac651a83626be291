#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Line and branch coverage of one source file, from gcov's JSON, and what was not taken.

usage: gcov --json-format --stdout --branch-probabilities FILE.gcda | coverage.py SOURCE UNREACHABLE

UNREACHABLE names what cannot be taken: per line of the source its text, a tab, and the reason. Exit status: 0 if all else
was taken and nothing is named for nothing, else 1.
"""
import json
import os
import sys


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, unreachable = sys.argv[1:]
    name = os.path.basename(source)
    with open(source, encoding="utf-8") as f:
        text = [""] + [line.strip() for line in f]
    with open(unreachable, encoding="utf-8") as f:
        reasons = dict(line.strip().split("\t", 1) for line in f if line.strip() and not line.startswith("#"))

    lines, branches = {}, {}
    for gcov in map(json.loads, sys.stdin):
        for file in gcov["files"]:
            if os.path.basename(file["file"]) != name:
                continue
            for line in file["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, 0) + line["count"]
                for i, branch in enumerate(line["branches"]):
                    branches[number, i] = branches.get((number, i), 0) + branch["count"]
    missed = {number: "line" for number, count in lines.items() if not count}
    for (number, i), count in branches.items():
        if not count:
            missed.setdefault(number, f"branch {i}")

    wrong = not lines
    for number, what in sorted(missed.items()):
        reason = reasons.get(text[number])
        wrong |= reason is None
        print(f"{source}:{number}: {what} not taken{f', unreachable: {reason}' if reason else ''}: {text[number]}")
    for stale in reasons.keys() - {text[number] for number in missed}:
        wrong = True
        print(f"{unreachable}: taken, or not there: {stale}")
    for what, counts in ("lines", lines), ("branches", branches):
        print(f"{name}: {sum(map(bool, counts.values()))} of {len(counts)} {what} taken")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
