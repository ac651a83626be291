# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034,SC2086,SC2154 # the variables are latency-bench's
# latency-trace.sh - who kept cyclictest from running: what latency-bench does for --trace. Sourced by it.

tracefs=/sys/kernel/tracing

# check_tracing: die unless this machine can trace, and nobody else does.
check_tracing()
{
	command -v trace-cmd > /dev/null || die "no trace-cmd; it is in the package trace-cmd"
	[ -e $tracefs/set_event ] || { mount -t tracefs tracefs $tracefs 2> /dev/null && tracefs_mounted=1; } ||
		die "no tracefs: this kernel cannot trace (CONFIG_FTRACE)"
	[ "$(first $tracefs/current_tracer)$(first $tracefs/set_event)" = nop ] ||
		die "somebody is tracing ($tracefs/current_tracer or set_event); stop that first"
}

# stop_tracing: as it was before.
stop_tracing()
{
	trace-cmd reset > /dev/null 2>&1 || :
	echo "${tracing%% *}" > $tracefs/buffer_size_kb || :
	echo "${tracing##* }" > $tracefs/tracing_on || :
	tracing=
}

# start_tracing: record who gets the CPU; where cyclictest gets it, with the stack of whoever had it.
start_tracing()
{
	# A buffer that nobody has used yet tells the size that its first user gets: "7 (expanded: 1408)".
	tracing="$(sed 's/.*expanded: //; s/)//' $tracefs/buffer_size_kb) $(first $tracefs/tracing_on)"
	set -- -e sched:sched_waking -e sched:sched_switch -R 'stacktrace if next_comm == "cyclictest"'
	for system in irq workqueue vmalloc; do
		[ ! -d $tracefs/events/$system ] || set -- "$@" -e $system
	done
	trace-cmd start -b 8192 "$@" > "$part/errors" 2>&1 || die "trace-cmd: $(tail -n 1 "$part/errors")"
}

# longest NAME: the longest latency of a measurement, us.
longest() { sed -n 's/.*"max": *\([0-9]*\).*/\1/p' "$part/$1.json" | sort -n | tail -n 1; }

# culprit: of the latency that stopped the trace, when cyclictest was woken, who ran until it got the CPU, and where that was. A
# wake-up that was due while all stood still, on its way to sleep, finds it on the CPU: then nobody was switched from.
culprit()
{
	trace-cmd report "$part/trace.dat" 2> /dev/null | awk '
		function cpu() { match($0, /\[[0-9]+\]/); return substr($0, RSTART, RLENGTH) }
		function pid(pattern) { if (!match($0, pattern)) return ""
			found = substr($0, RSTART, RLENGTH); sub(/.*[^0-9]/, "", found); return found }
		/hit latency threshold/ { of = pid("cyclictest-[0-9]+"); print last[of]
			if (last[of] ~ "^ *cyclictest-" of " .* sched_waking:" && last[of] !~ / sched_switch:/)
				print "it had the CPU when it was woken: the interrupt was late, or the machine (hypervisor, SMI)"
			print; exit }
		/^[ \t]*=>/ { if (of) last[of] = last[of] "\n" $0; next }
		{ of = "" }
		/ sched_waking:/ { of = pid("(comm=cyclictest pid=|cyclictest:)[0-9]+"); if (of) last[of] = $0; of = "" }
		/ sched_switch:/ { of = at[cpu()] = pid("(next_comm=cyclictest next_pid=|==> cyclictest:)[0-9]+") }
		/ kernel_stack:/ { of = at[cpu()] }
		of { last[of] = last[of] "\n" $0 }'
}

# timerlat: rtla's analysis of the first latency above $limit us, for measure. It is stopped by SIGINT; by others it leaves its
# tracer on.
timerlat()
{
	cd "$part" || exit
	set -- rtla timerlat top --quiet --priority f:95 --duration "${duration}s" --auto "$limit"
	echo "$*" >> commands
	exec "$@" > timerlat
}

# trace_load: the load again, with tracing on, until a latency is longer than half of the longest without.
trace_load()
{
	limit=$((($(longest load) + 1) / 2))
	start_tracing
	measure traced "$duration" "all_cpus -b $limit --tracemark" $load
	trace-cmd stop
	trace-cmd extract -o "$part/trace.dat" > "$part/errors" 2>&1 || die "trace-cmd: $(tail -n 1 "$part/errors")"
	culprit > "$part/culprit"
	[ -s "$part/culprit" ] || echo "no latency above $limit us while tracing was on" > "$part/culprit"
	stop_tracing
	if command -v rtla > /dev/null && grep -qw timerlat $tracefs/available_tracers; then
		stop_with=INT
		measure timerlat "$duration" timerlat $load
		stop_with=TERM
		# Colours are for terminals. Before 6.3 rtla has no analysis: then the end of its trace, with the stack at the
		# interrupt, has to do.
		sed -i "s/$(printf '\033')[[][0-9;]*m//g" "$part/timerlat"
		[ ! -f "$part/timerlat_trace.txt" ] || sed '/=> 0$/d' "$part/timerlat_trace.txt" | tail -n 20 >> "$part/timerlat"
	fi
}
