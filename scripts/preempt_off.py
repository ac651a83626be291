#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""preempt_off.py - who kept preemption off, or held a spinlock, for how long: tables of what the plugin preempt-off wrote

usage: scripts/preempt_off.py [--top N] SYSTEM_MAP SECTIONS

SECTIONS is the plugin's file; that of the locks is beside it. Sections and holds are put down to the first function up the call
chain that is no lock. What lies outside of the kernel's image is a module. Exit status: 0 written, 1 not.
"""

import bisect
import functools
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


class Sites:
    """All sections, or holds, put down to one function."""

    def __init__(self):
        self.count = self.total = self.longest = 0
        self.chain = ()

    def add(self, count, total, longest, chain):
        """Take up those of one place in the code."""
        self.count += count
        self.total += total
        if longest >= self.longest:
            self.longest, self.chain = longest, chain

    def figures(self):
        """What a record says of them."""
        return {"longest": self.longest, "average": round(self.total / self.count), "count": self.count}


def responsible(chain):
    """The function that a section is put down to."""
    return next((name for name in chain if not LOCKS.match(name)), chain[0])


@functools.cache
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


def read_sites(path):
    """What each line of the plugin's file says: count, total, longest, where that ended, addresses."""
    with open(path, encoding="ascii") as lines:
        for line in lines:
            count, total, longest, end, *addresses = line.split(":")[0].split()
            yield int(count), int(total), int(longest), int(end, 16), [int(address, 16) for address in addresses]


def longest_first(rows):
    """The records, that with the longest first."""
    return sorted(rows, key=lambda row: -row["longest"])


def longest_sections(system_map, sections):
    """Return a record per function, that with the longest section first."""
    name_of, functions = namer(system_map), {}
    for *figures, end, addresses in read_sites(sections):
        chain = [name_of(pc) for pc in addresses]
        functions.setdefault(responsible(chain), Sites()).add(*figures, (chain, name_of(end)))
    rows = []
    for name, found in functions.items():
        chain, until = found.chain
        rows.append({"function": name, "vmalloc": bool(VMALLOC.search(name)), **found.figures(), "until": until,
                     "callers": [caller for caller in chain[chain.index(name) + 1:] if caller != name][:5]})
    return longest_first(rows)


def longest_holds(system_map, locks):
    """Return a record per spinlock and function that took it, that with the longest hold first."""
    name_of, lock_of, holds = namer(system_map), namer(system_map, "bBdD", "(allocated)"), {}
    for *figures, _, (lock, *addresses) in read_sites(locks):
        function = responsible([name_of(pc) for pc in addresses] or ["(module)"])
        holds.setdefault((lock_of(lock), function), Sites()).add(*figures, ())
    return longest_first({"lock": lock, "function": function, "vmalloc": bool(VMALLOC.search(function)), **found.figures()}
                         for (lock, function), found in holds.items())


def main(arguments):
    """Write the table."""
    top = 20
    if arguments[:1] == ["--top"] and arguments[1:] and arguments[1].isdecimal():
        top = int(arguments[1])
        arguments = arguments[2:]
    if len(arguments) != 2 or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 1

    try:
        sections, holds = longest_sections(*arguments)[:top], longest_holds(arguments[0], arguments[1] + ".locks")[:top]
    except (OSError, ValueError) as error:
        print(f"preempt_off.py: {error}", file=sys.stderr)
        return 1
    print(f"  {'longest':>9} {'average':>9} {'sections':>10}  function and its callers (* vmalloc's)")
    for row in sections:
        print(f"{'*' if row['vmalloc'] else ' '} {row['longest']:>9} {row['average']:>9.0f} {row['count']:>10}  {row['function']}"
              f" < {' < '.join(row['callers'])} (until {row['until']})")
    print(f"\n  {'longest':>9} {'average':>9} {'holds':>10}  spinlock, and the function that took it")
    for row in holds:
        print(f"{'*' if row['vmalloc'] else ' '} {row['longest']:>9} {row['average']:>9.0f} {row['count']:>10}  {row['lock']}"
              f" {row['function']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
