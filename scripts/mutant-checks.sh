# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the caller's variables and functions
# mutant-checks.sh - the checks that have to catch mutants. Sourced by scripts/mutants.

# Each check_* gets the name of the mutant and its patch, or "none" and no patch. Its last line says what was found. They are
# run where "set -e" has no effect. Status: 0 nothing is wrong, FOUND something is, anything else the check could not be made.
FOUND=3

guest() { "$SCRIPTS/run-guest" --arch "$arch" --timeout 300 "$@" >&2; }

# bounded VALUE LIMIT WHAT
bounded()
{
	case $1 in "" | *[!0-9-]*) echo "\"$1\" $3: no number"; return 1 ;; esac
	echo "$1 $3, $2 may be"
	[ "$1" -le "$2" ] || return $FOUND
}

check_unit()
{
	local mm=$results/$1.mm
	rm -rf "$mm"
	mkdir -p "$mm" && cp -r "$TOP/mm" "$mm/mm" || return
	[ $# = 1 ] || (cd "$mm" && GIT_CEILING_DIRECTORIES=$results git apply "$2") || die "NO MUTANT: $2 does not apply"
	make -s -C "$mm/mm/tests" O="$mm/out" "$mm/out/vmap_purge_test" 2>&1 || die "NO MUTANT: it does not compile"
	make -s -C "$mm/mm/tests" O="$mm/out" check 2>&1 || return $FOUND
}

check_debug()
{
	local kernel
	kernel=$(kernel_with debug "${looks[@]}" "${@:2}") &&
		guest --smp 2 --mem 3G --timeout 900 --script "$SCRIPTS/guest/mutant" "$kernel" "$results/$1" seconds=3 kmemleak=off
}

check_vmallocinfo()
{
	local kernel preads
	preads=$(guest_program preads) && kernel=$(kernel_with bench "${@:2}") &&
		guest --nodes 1 --script "$SCRIPTS/guest/vmallocinfo" --add "$preads=preads" "$kernel" "$results/$1-vmallocinfo" \
			no_hash_pointers=1 || return
	! grep '^not ok' "$results/$1-vmallocinfo/tap" || return $FOUND
}

check_rt-free()
{
	local kernel run=$results/$1-rt-free max=() usual=() i areas=("burst=256 burst_gap_ms=1" burst=100000)
	kernel=$(kernel_with bench "${@:2}") || return
	for i in 0 1; do
		guest --nodes 1 --script "$SCRIPTS/guest/drain" "$kernel" "$run-$i" seconds=2 \
			"stress=workload=rt_free nr_areas=200000 ${areas[i]}" || return
		max[i]=$(awk '$1 == "vfree_max_ns" { print $2 }' "$run-$i/stats")
		usual[i]=$(usual_vfree "$run-$i/stats") || return
	done
	bounded "${max[1]}" $((2 * max[0])) "ns for the longest vfree()" &&
		bounded "${usual[1]}" $((2 * usual[0])) "ns for all but one in 10000 vfree()s"
}

check_early()
{
	local kernel
	kernel=$(kernel_with bench "$TOP/patches/test/early-free-nodes.patch" "${@:2}") &&
		guest --script "$SCRIPTS/guest/drain" "$kernel" "$results/$1-early" seconds=0 stress= &&
		bounded "$(awk '$1 == "early_areas" { print $2 }' "$results/$1-early/stats")" 0 "areas freed early are still there"
}

check_fragment()
{
	local kernel
	kernel=$(kernel_with bench "${@:2}") &&
		"$SCRIPTS/run-workload" --arch "$arch" --phases 2 "$kernel" "$results/$1-fragment" fragment >&2 &&
		bounded "$(sed -n 's/.*"max": \([0-9]*\).*/\1/p' "$results/$1-fragment"/*.json | sort -n | tail -n 1)" 20 \
			"us is the longest latency"
}

# Free memory does not tell: the lists of free pages of a CPU take some 30 MiB and give as many.
check_leak()
{
	local kernel run=$results/$1-leak
	kernel=$(kernel_with bench "${@:2}") &&
		guest --nodes 1 --script "$SCRIPTS/guest/drain" "$kernel" "$run" seconds=3 \
			"stress=workload=fragment nr_areas=16384 stride=2" &&
		bounded "$(awk '{ kb = $(NF - 1) } NR == 1 { first = kb } END { print kb - first }' "$run/seconds")" 1024 \
			"kB more of slab in two seconds"
}
