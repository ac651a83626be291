# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# measure.sh - one measurement: the load, its reader, cyclictest, and what was counted. latency-bench measures real machines
# with it, scripts/guest/bench the guests of the benchmark. Sourced; busybox will do. The caller has set interval, cyclictest's
# in microseconds.

module_state=/sys/kernel/debug/vmalloc_stress
reading='' commands=''

# clock: set now to CLOCK_MONOTONIC in nanoseconds, without starting a process.
clock()
{
	while read -r a b now _; do
		[ "$a $b" != "now at" ] || break
	done < /proc/timer_list
}

# count_machine: set memory_kb to the memory in use, tlb_ipis to the interrupts that CPUs have had for TLB flushes.
count_machine()
{
	memory_kb=$(awk '$1 == "MemTotal:" { total = $2 } $1 == "MemFree:" { print total - $2; exit }' /proc/meminfo)
	tlb_ipis=$(awk '$1 == "TLB:" { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n + 0 }' /proc/interrupts)
}

# load_module FILE PARAMETER...: load the stress module, and wait until its set-up is over.
load_module()
{
	count_machine
	memory_before=$memory_kb
	insmod "$@" || return
	tries=0
	until grep -qx 'running 1' $module_state/stats; do
		tries=$((tries + 1))
		[ $tries -lt 6000 ] || { echo "the load did not start within a minute" >&2; return 1; }
		sleep 0.01
	done
}

# read_on: read /proc/vmallocinfo until killed. A process for each thousand readings: the long sections of fork and exit are
# not the question.
read_on()
{
	files=$(awk 'BEGIN { for (i = 0; i < 1000; i++) print "/proc/vmallocinfo" }')
	trap 'kill $!; exit' TERM
	while :; do
		# shellcheck disable=SC2086 # a list of files
		cat $files > /dev/null &
		wait $!
	done
}

# settle: wait 0.2 s without starting a process. What RCU frees of those that have ended, some milliseconds later, takes up to 25
# us with preemption off; it is not the load's.
settle()
{
	clock
	settled=$((now + 200000000))
	while [ "$now" -lt "$settled" ]; do
		clock
	done
}

# begin_measuring MEASURE: from here on counts what the module counts; MEASURE as in scripts/workloads.
begin_measuring()
{
	case $1 in
	*+reader)
		read_on &
		reading=$!
		;;
	esac
	sleep 0.2
	count_machine
	tlb_before=$tlb_ipis
	messages=$(dmesg | wc -l)
	settle
	echo 1 > $module_state/reset
	measured_from=$now
}

# wakeups JSON SECONDS UPTO OPTION...: cyclictest, whose JSON and histogram up to UPTO microseconds go to the file JSON. Ends the
# shell: for a subshell. The command goes to the file $commands, if there is one.
wakeups()
{
	json=$1 seconds=$2 upto=$3
	shift 3
	# shellcheck disable=SC2154 # the caller's
	set -- cyclictest -m -q -p 99 -i "$interval" -D "$seconds" -h "$upto" "$@" --json="$json"
	[ -z "$commands" ] || echo "$*" | sed "s,=$json,=${json##*/}," >> "$commands"
	exec "$@" > /dev/null
}

# end_measuring FILE: what was counted goes to FILE, behind what is there; true if the kernel has printed nothing meanwhile. The
# module counts until its statistics are read: no process before that, as what RCU frees of one interrupts a real-time task.
end_measuring()
{
	clock
	{
		cat $module_state/stats
		echo "elapsed_ns $((now - measured_from))"
		count_machine
		echo "memory_kb $((memory_kb - memory_before))"
		echo "tlb_ipis $((tlb_ipis - tlb_before))"
	} >> "$1"
	printed=$(($(dmesg | wc -l) - messages))
	[ "$printed" = 0 ]
}

# stop_load: the reader and the module go, if they are there.
stop_load()
{
	if [ -n "$reading" ]; then
		kill "$reading" 2> /dev/null || :
		wait "$reading" 2> /dev/null || :
		reading=
	fi
	! grep -q '^vmalloc_stress ' /proc/modules || rmmod vmalloc_stress
}
