# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # line, arch and preempt are the test's
# drain.sh - what the tests of the backlog share. Sourced after tap.sh, with line, arch and preempt set.

. "$SCRIPTS/bug.sh"

use_arch "$arch"
tree=$("$SCRIPTS/tree" "$line")
results=$OUT/test/${ME#test-}
mkdir -p "$results"
declare -A kernel
for variant in base patched; do
	kernel[$variant]=$("$SCRIPTS/build-kernel" "$line" "$arch" "$preempt" bench "$variant")
done

# load NAME VARIANT SECONDS PARAMETERS [OPTION...]: run one guest; its statistics are in $results/NAME-VARIANT/stats.
load()
{
	local name=$1 variant=$2 seconds=$3 stress=$4
	shift 4
	"$SCRIPTS/run-guest" --arch "$arch" --timeout 1800 --script "$SCRIPTS/guest/drain" "$@" \
		"${kernel[$variant]}" "$results/$name-$variant" "seconds=$seconds" "stress=$stress" >&2
}

# value NAME VARIANT KEY
value() { awk -v k="$3" '$1 == k { print $2; exit }' "$results/$1-$2/stats"; }

# pages that make the kernel drain, see lazy_max_pages() of mm/vmalloc.c
threshold()
{
	local cpus=$1 log=0
	while [ "$cpus" -gt 0 ]; do
		log=$((log + 1)) cpus=$((cpus / 2))
	done
	echo $((log * 32 * 1024 * 1024 / ${PAGE_BYTES:-4096}))
}

# bound CPUS: pages that may pile up with help_drain_vmap_areas(). Help begins at twice the threshold; a third is for what
# is freed until all pieces of a purge have been taken.
bound() { echo $((3 * $(threshold "$1"))); }

# told CHECK NAME KEY: false, with CHECK skipped, if the kernel has no tracepoints, from which the value comes.
told()
{
	[ "$(value "$2" patched "$3")" = -1 ] || return 0
	skip "$1" "Linux $line does not tell, for want of tracepoints"
	return 1
}

# peak NAME VARIANT: most pages that were lazily freed at one time; without tracepoints what /proc/vmallocinfo had once a second
peak()
{
	local pages
	pages=$(value "$1" "$2" backlog_peak_pages)
	[ "$pages" != -1 ] || pages=$(($(value "$1" "$2" seen_peak_kb) * 1024 / ${PAGE_BYTES:-4096}))
	echo "$pages"
}

# backlog NAME CPUS: patched stays below the bound. Base does not, or has no memory left; where its vfree() purges it may.
backlog()
{
	local name=$1 bound peak what
	expect "$name: no allocation fails" [ "$(value "$name" patched failures)" = 0 ]
	bound=$(bound "$2")
	peak=$(peak "$name" patched)
	expect "$name: $peak pages pile up, $bound may" [ "$peak" -gt 0 -a "$peak" -le "$bound" ]
	if [ ! -s "$results/$name-base/stats" ]; then
		expect "$name: base runs out of memory, so the load is one" grep -q 'Out of memory' "$results/$name-base/console.log"
		return
	fi
	peak=$(peak "$name" base)
	what="$name: with base $peak pages pile up, so the load is one"
	if [ "$peak" -le "$bound" ] && git -C "$tree" grep -q 'try_purge_vmap_area_lazy()' base -- mm/vmalloc.c; then
		skip "$what" "base of Linux $line purges in vfree()"
	else
		expect "$what" [ "$peak" -gt "$bound" ]
	fi
}

# Guests, two at a time.
pair() { "${@//VARIANT/base}" & "${@//VARIANT/patched}" & wait; }

# test_kernel NAME: a kernel with that one of patches/test/NAME*.patch on top of the series that applies to it.
test_kernel()
{
	bug_commit "$tree" "$1" || exit
	kernel[$1]=$("$SCRIPTS/build-kernel" "$line" "$arch" "$preempt" bench "$1")
}
