#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""preempt_off.py - who kept preemption off, or held a spinlock, for how long: tables of what the plugin preempt-off wrote

usage: scripts/preempt_off.py [--top N] SYSTEM_MAP SECTIONS

SECTIONS is the plugin's file; that of the locks is beside it. Sections and holds are put down to the first function up the call
chain that is no lock. What lies outside of the kernel's image is a module. Exit status: 0 written, 1 not.
"""

import bisect
import re
import sys

LOCKS = re.compile(r"^(_raw_|__raw_|preempt_|__local_bh|__cond_resched_lock$|rcu_read_|queued_|do_raw_)|^(get_cpu|put_cpu)$")
VMALLOC = re.compile(r"vmap|vmalloc|^vfree|vunmap|^vm_area_|^vb_|purge|reclaim_list|^decay_|node_pool|^take_pool|^take_lazy|^give_back"
                     r"|vm_map_ram|pcpu_(get|free)_vm|vread|find_vm_area|remove_vm_area|^s_(start|next|show)$|^show_numa_info$")


def read_symbols(path, kinds):
    """Return the addresses of symbols, sorted, their names, and where the kernel's image is."""
    symbols = {}
    begin = end = 0
    with open(path, encoding="ascii") as lines:
        for line in lines:
            address, kind, name = line.split()
            if name == "_text":
                begin = int(address, 16)
            elif name == "_end":
                end = int(address, 16)
            if kind in kinds and name != "_end":
                symbols[int(address, 16)] = name.split(".")[0]
    return sorted(symbols), symbols, begin, end


class Sections:
    """All sections put down to one function."""

    def __init__(self):
        self.count = self.total = self.longest = 0
        self.chain = ()
        self.bins = []

    def add(self, count, total, longest, chain, bins):
        """Take up those of one place in the code."""
        self.count += count
        self.total += total
        if longest >= self.longest:
            self.longest, self.chain = longest, chain
        self.bins = [a + b for a, b in zip(self.bins, bins)] if self.bins else bins


def responsible(chain):
    """The function that a section is put down to."""
    return next((name for name in chain if not LOCKS.match(name)), chain[0])


def namer(system_map, kinds="tTwW", other="(module)"):
    """A function that names what an address belongs to: a function, or data; other if that is not in the kernel's image."""
    addresses, symbols, begin, end = read_symbols(system_map, kinds)

    def name_of(address):
        i = bisect.bisect_right(addresses, address) - 1
        return symbols[addresses[i]] if i >= 0 and begin <= address < end else other
    return name_of


def vmalloc_times(system_map, times):
    """When vmalloc had preemption off, and for how long: pairs, in instructions."""
    name_of = namer(system_map)
    found = []
    with open(times, encoding="ascii") as lines:
        for line in lines:
            begin, length, *chain = line.split()
            if VMALLOC.search(responsible([name_of(int(pc, 16)) for pc in chain])):
                found.append((int(begin), int(length)))
    return found


def read_sections(path, name_of):
    """Return the sections of the plugin's file by function."""
    functions = {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            head, bins = line.split(":")
            count, total, longest, end, *chain = head.split()
            chain = [name_of(int(pc, 16)) for pc in chain]
            name = responsible(chain)
            functions.setdefault(name, Sections()).add(int(count), int(total), int(longest),
                                                       (chain, name_of(int(end, 16))), [int(b) for b in bins.split()])
    return functions


def longest_sections(system_map, sections):
    """Return a record per function, that with the longest section first."""
    rows = []
    for name, found in read_sections(sections, namer(system_map)).items():
        chain, until = found.chain
        rows.append({"function": name, "vmalloc": bool(VMALLOC.search(name)), "longest": found.longest,
                     "average": round(found.total / found.count), "count": found.count, "until": until,
                     "callers": [caller for caller in chain[chain.index(name) + 1:] if caller != name][:5]})
    return sorted(rows, key=lambda row: -row["longest"])


def longest_holds(system_map, locks):
    """Return a record per spinlock and function that took it, that with the longest hold first."""
    name_of, lock_of = namer(system_map), namer(system_map, "bBdD", "(allocated)")
    found = {}
    with open(locks, encoding="ascii") as lines:
        for line in lines:
            count, total, longest, _, lock, *chain = line.split(":")[0].split()
            key = (lock_of(int(lock, 16)), responsible([name_of(int(pc, 16)) for pc in chain] or ["(module)"]))
            row = found.setdefault(key, {"lock": key[0], "function": key[1], "vmalloc": bool(VMALLOC.search(key[1])),
                                         "longest": 0, "total": 0, "count": 0})
            row["longest"] = max(row["longest"], int(longest))
            row["total"] += int(total)
            row["count"] += int(count)
    for row in found.values():
        row["average"] = round(row.pop("total") / row["count"])
    return sorted(found.values(), key=lambda row: -row["longest"])


def main(arguments):
    """Write the table."""
    top = 20
    if arguments[:1] == ["--top"]:
        top = int(arguments[1])
        arguments = arguments[2:]
    if len(arguments) != 2 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 1

    print(f"  {'longest':>9} {'average':>9} {'sections':>10}  function and its callers (* vmalloc's)")
    for row in longest_sections(*arguments)[:top]:
        print(f"{'*' if row['vmalloc'] else ' '} {row['longest']:>9} {row['average']:>9.0f} {row['count']:>10}  {row['function']}"
              f" < {' < '.join(row['callers'])} (until {row['until']})")
    print(f"\n  {'longest':>9} {'average':>9} {'holds':>10}  spinlock, and the function that took it")
    for row in longest_holds(arguments[0], arguments[1] + ".locks")[:top]:
        print(f"{'*' if row['vmalloc'] else ' '} {row['longest']:>9} {row['average']:>9.0f} {row['count']:>10}  {row['lock']}"
              f" {row['function']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
