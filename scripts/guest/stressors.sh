# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2154 # the caller's variables
# stressors.sh - what scripts/guest/torture runs beside the workloads. Sourced by it.

# --- What runs all the time; each counts what it has done. ---

# Whole, and a piece at some offset, by a reader whose allocations fail.
vmallocinfo_reads()
{
	cat /proc/vmallocinfo > /dev/null
	failing dd if=/proc/vmallocinfo of=/dev/null bs=$((500 + n % 7 * 600)) skip=$((n % 40)) count=3
	n=$((n + 2))
}

# Two MiB from one of the areas on. Its place in the file is told by the program headers (type and flags, offset, address,
# .., size, ..), which od prints as signed numbers, the shell's own: those that are loaded, with all rights. What comes after
# them is not to be taken for more.
kcore_reads()
{
	[ -e /proc/kcore ] || { sleep 1; return; }
	area=$(awk -v n="$n" '/ vmalloc/ { a[k++] = $1 } END { sub(/-.*/, "", a[n % k]); print a[n % k] }' /proc/vmallocinfo)
	offset=$(dd if=/proc/kcore bs=4096 count=1 | od -An -v -t d8 -w56 -j 64 | while read -r what offset start _ _ size _; do
		[ "$what" = $((1 | 7 << 32)) ] || continue
		[ $((area - start)) -lt 0 ] || [ $((area - start)) -ge "$size" ] || echo $((area - start + offset))
	done)
	dd if=/proc/kcore of=/dev/null bs=65536 count=32 iflag=skip_bytes skip="$offset" && n=$((n + 1))
}

# The stacks are vmalloc'ed; most are freed by RCU, from a softirq.
forks()
{
	# shellcheck disable=SC2016 # for the other shell
	storm='i=0; while [ $i -lt 20 ]; do (:) & i=$((i + 1)); done; wait'
	sh -c "$storm"
	failing sh -c "$storm"
	n=$((n + 40))
}

drop_caches()
{
	echo 6 > /proc/sys/vm/drop_caches
	n=$((n + 1))
}

# Two CPUs always stay.
cpu_offlines()
{
	cpu=$((2 + n % (cpus - 2)))
	echo 0 > /sys/devices/system/cpu/cpu$cpu/online && n=$((n + 1))
	sleep 0.4
	echo 1 > /sys/devices/system/cpu/cpu$cpu/online
	sleep 0.2
}

# Fill memory but for an eighth, at which kswapd has been at work for long; see watermark_scale_factor.
memory_fills()
{
	i=0
	while running && [ "$(awk '/MemAvail/ { print $2 }' /proc/meminfo)" -gt $((memory / 8)) ]; do
		dd if=/dev/zero of="$work/fill/$i" bs=1M count=64
		i=$((i + 1))
	done
	rm -f "$work"/fill/*
	n=$((n + 1))
	sleep 1
}

# The kernel's own test module: aligned areas, areas freed by RCU, per-CPU memory. It always refuses to stay.
test_vmalloc_loads()
{
	[ -e /test_vmalloc.ko ] || { sleep 1; return; }
	case $((n % 6)) in
	0) set -- 8 300 ;;	# random size
	1) set -- 32 500 ;;	# random size and alignment
	2) set -- 256 1000 ;;	# freed by RCU, may sleep
	3) set -- 512 1000 ;;	# freed by RCU
	4) set -- 16 500 ;;	# aligned
	5) set -- 128 1 ;;	# per-CPU: minutes with KASAN
	esac
	insmod /test_vmalloc.ko run_test_mask="$1" test_loop_count="$2" nr_threads=2
	n=$((n + 1))
}

# Who is marked fails to allocate now and then, two thirds of the time.
fault_phases()
{
	for p in 1 5 20 0; do
		for f in $faults; do
			echo $p > "$f/probability"
		done
		sleep 1
	done
	n=$((n + 1))
}
