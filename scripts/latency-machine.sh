# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2086,SC2154 # the variables are latency-bench's
# latency-machine.sh - what latency-bench finds out of the machine it measures, and what it changes there. Sourced by it.

# spoils TEXT: what makes the figures mean less.
spoils() { note "note: $*"; echo "$*" >> "$part/notes"; }

# first FILE: its first line, or nothing.
first() { head -n 1 "$1" 2> /dev/null || :; }

# check_machine: what would spoil the figures, a line each; the governor is set for the time being.
check_machine()
{
	: > "$part/notes"
	for file in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do
		[ -f "$file" ] || continue
		governor=$(cat "$file")
		[ "$governor" != performance ] || continue
		echo "$file $governor" >> "$part/governors"
		echo performance 2> /dev/null > "$file" || spoils "${file%/cpufreq*}: governor $governor cannot be changed"
	done
	[ ! -f "$part/governors" ] || note "the frequency governor is performance until this ends"
	! grep -qE '^flags.* hypervisor' /proc/cpuinfo || spoils "a virtual machine: its host takes time that looks like latency"
	[ "$(first /proc/sys/kernel/sched_rt_runtime_us)" = -1 ] ||
		spoils "real-time throttling is on: $(first /proc/sys/kernel/sched_rt_runtime_us) us per $(first /proc/sys/kernel/sched_rt_period_us)"
	[ -z "$(first /sys/devices/system/cpu/isolated)" ] ||
		spoils "isolated CPUs, to which no load goes: $(first /sys/devices/system/cpu/isolated)"
	case $(first /sys/devices/system/clocksource/clocksource0/current_clocksource) in
	tsc | arch_sys_counter) ;;
	*) spoils "clock source $(first /sys/devices/system/clocksource/clocksource0/current_clocksource) is slow to read" ;;
	esac
	for file in /proc/lockdep_stats $debug/kmemleak; do
		[ ! -e "$file" ] || spoils "a kernel for debugging, with $file: its latencies are its own"
	done
	[ "$(first $debug/tracing/current_tracer)" = nop ] || [ ! -e $debug/tracing/current_tracer ] ||
		spoils "a tracer is on: $(first $debug/tracing/current_tracer)"
	awk '{ exit $1 > 0.5 }' /proc/loadavg || spoils "the machine is not idle: load $(cut -d ' ' -f 1 /proc/loadavg)"
	smis=$(rdmsr -d 0x34 2> /dev/null) || { smis=''; spoils "SMIs are not counted (no rdmsr, or no such register)"; }
}

# system: what the report says of the machine.
system()
{
	cat <<-EOF
		label $label
		release $(uname -r)
		version $(uname -v)
		machine $(uname -m)
		cpu $(sed -n 's/^\(model name\|CPU part\)[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
		cpus $(nproc)
		memory $(sed -n 's/^MemTotal: *//p' /proc/meminfo)
		cmdline $(cat /proc/cmdline)
		clocksource $(first /sys/devices/system/clocksource/clocksource0/current_clocksource)
		workload $workload
		parameters $load
		duration $duration
		interval $interval
	EOF
}
