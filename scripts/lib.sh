# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# lib.sh - what the scripts of this directory share; sourced, never run.

# Where things are. $0 is a script of this directory.
TOP=$(cd "$(dirname "$0")/.." && pwd)
SCRIPTS=$TOP/scripts
OUT=$TOP/out
ME=${0##*/}

# What a calling make or shell might pass on to the kernel's own make.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL ARCH CROSS_COMPILE KBUILD_OUTPUT KCFLAGS LOCALVERSION W O

# die MESSAGE...: say what is wrong, and stop.
die()
{
	printf '%s: %s\n' "$ME" "$*" >&2
	exit 1
}

# need_value OPTION [VALUE]...: die unless an option has its value
need_value() { [ $# -ge 2 ] || die "$1 needs a value"; }

# need_number TEXT [OPTION]: die unless it is a number above 0, of digits that no shell takes for octal
need_number()
{
	case $1 in "" | *[!0-9]* | 0*) die "${2:+$2: }\"$1\" is not a number above 0" ;; esac
}

# note MESSAGE...: a line of progress; stdout stays free for results.
note()
{
	printf '%s: %s\n' "$ME" "$*" >&2
}

# end_children: TERM to all that this script has started, and to what they have; wait for its own.
end_children()
{
	# shellcheck disable=SC2046 # a list of processes
	kill -s TERM $(ps -e -o pid= -o ppid= | awk -v top=$$ '
		{ parent[$1] = $2 }
		END { for (p in parent) { q = parent[p]; while (q in parent && q != top) q = parent[q]; if (q == top) print p } }') \
		2> /dev/null || :
	wait
}

# beside COMMAND...: run it and wait, so that a signal to this script takes effect at once: its trap has to end_children. Nothing
# else runs in the background that is started so (in a group of its own) with SIGINT ignored.
beside()
{
	set -m
	"$@" < /dev/null &
	set +m
	wait $!
}

# elapsed START: minutes and seconds since START (seconds since the epoch).
elapsed()
{
	set -- $(($(date +%s) - $1))
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# progress STEP OF START MESSAGE...: "step 3 of 12 (1:23 elapsed) MESSAGE".
progress()
{
	_step=$1 _of=$2 _start=$3
	shift 3
	note "step $_step of $_of ($(elapsed "$_start") elapsed) $*"
}

# kernel_field LINE FIELD: a field of the kernel table (2 package, 3 preemption models, 4 suites), or die; one word a line.
kernel_field()
{
	awk -v line="$1" -v field="$2" '
		$1 == line { sub(/^[^ \t]+[ \t]+/, ""); n = split($0, f, /[ \t]+/)
			     m = split(f[2], model, ",")
			     if (field == 2) print f[1]
			     else if (field == 3) for (i = 1; i <= m; i++) print model[i]
			     else for (i = 3; i <= n; i++) print f[i]
			     found = 1 }
		END { exit !found }' "$SCRIPTS/kernels" ||
		die "no kernel line \"$1\"; there are: $(kernel_lines)"
}

# kernel_lines: the lines of the kernel table, as one list.
kernel_lines()
{
	awk '/^[0-9]/ { printf "%s%s", sep, $1; sep = " " }' "$SCRIPTS/kernels"
}

# tree_line DIR: the kernel line of a kernel tree: LINE-rt if it has the PREEMPT_RT patch and there is such a line.
tree_line()
{
	_line=$(tree_version "$1" | cut -d. -f1,2)
	[ -n "$_line" ] || exit 1
	if [ -f "$1/localversion-rt" ] && kernel_lines | tr ' ' '\n' | grep -qxF "$_line-rt"; then
		_line=$_line-rt
	fi
	echo "$_line"
}

# use_arch ARCH: take over the variables of scripts/arch/ARCH, or die.
use_arch()
{
	case $1 in */* | "") die "bad architecture name \"$1\"" ;; esac
	[ -f "$SCRIPTS/arch/$1" ] ||
		die "no architecture \"$1\"; there are: $(cd "$SCRIPTS/arch" && printf '%s ' *)"
	# shellcheck source=scripts/arch/x86_64
	. "$SCRIPTS/arch/$1"
}

# need_config LINE PREEMPT FLAVOUR: die unless the line, if one is given, has the model, and there is a fragment for both.
need_config()
{
	[ -z "$1" ] || kernel_field "$1" 2 >/dev/null
	[ -f "$SCRIPTS/config/preempt-$2.config" ] ||
		die "no preemption model \"$2\"; there are: $(cd "$SCRIPTS/config" &&
			printf '%s ' preempt-*.config | sed 's/preempt-//g; s/\.config//g')"
	[ -z "$1" ] || kernel_field "$1" 3 | grep -qx "$2" ||
		die "Linux $1 has no preemption model \"$2\"; it has: $(kernel_field "$1" 3 | tr '\n' ' ')"
	[ -f "$SCRIPTS/config/$3.config" ] || die "no flavour \"$3\" (scripts/config/$3.config)"
}

# need_workload NAME: die unless scripts/workloads has a row of that name
need_workload()
{
	cut -f 1 "$SCRIPTS/workloads" | grep -qxF -- "$1" || die "no workload \"$1\" in scripts/workloads"
}

# known_faults LINE TREE COMMIT: "WHAT FILE NUMBER" for each row of scripts/faults-known whose source line is there; die if a row
# is not clear
known_faults()
{
	grep "^$1 " "$SCRIPTS/faults-known" | while read -r _ _what _file _text; do
		case $_what in warning | loads) ;; *) die "\"$_what\" in scripts/faults-known: neither warning nor loads" ;; esac
		_number=$(git -C "$2" show "$3:$_file" | grep -nF -- "$_text" | cut -d : -f 1)
		case $_number in
		"") ;;
		*[!0-9]*) die "$_file has more than one line with \"$_text\", see scripts/faults-known" ;;
		*) echo "$_what $_file $_number" ;;
		esac
	done
}

# need_suite NAME: die unless scripts/test has a suite of that name
need_suite()
{
	case $1 in all | */*) ;; *) [ ! -x "$SCRIPTS/test-$1" ] || return 0 ;; esac
	die "no suite \"$1\" (see scripts/test --help)"
}

# use_ccache: the compiler cache that all builds share. Depend mode, so that what is not in it
# is not preprocessed twice.
use_ccache()
{
	export CCACHE_DIR="$OUT/ccache" CCACHE_BASEDIR="$TOP" CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 CCACHE_MAXSIZE=4G
}

# series_stamp DIRECTORY: what its series does, as a sum. A shared patch may have other places in another line.
series_stamp()
{
	(cd "$1" && { cat series; sed 's/^@@ .*/@@/; /^index /d' ./*.patch; } 2>/dev/null | sha256sum)
}

# series_of DIR: the patches that DIR/series lists, one a line.
series_of()
{
	sed '/^#/d; /^[[:space:]]*$/d' "$1/series"
}

# tree_version DIR: the kernel version that the Makefile of a kernel tree states (6.12.117), or die.
tree_version()
{
	[ -f "$1/Makefile" ] || die "$1: no kernel tree (no Makefile)"
	awk '/^VERSION = / { v = $3 } /^PATCHLEVEL = / { p = $3 } /^SUBLEVEL = / { s = $3 }
	     NR > 10 { exit }
	     END { if (v == "" || p == "") exit 1; print v "." p "." (s == "" ? 0 : s) }' "$1/Makefile" ||
		die "$1: no kernel tree (its Makefile states no version)"
}

# usual_vfree STATS: less than that many nanoseconds all but one in 10000 vfree()s took. The longest may be an interrupt's; a
# bound of twice that allows anything.
usual_vfree()
{
	awk '$1 == "vfree_ns_hist" { n[$2] = $3; all += $3 }
		END { if (!all) exit 1; for (b = 63; b > 0 && (beyond += n[b]) * 10000 <= all; b--); printf "%d\n", 2 ^ (b + 1) }' "$1"
}

# guest_program NAME: compile scripts/guest/NAME.c, static, for a guest without a C library, with use_arch's compiler; prints where
guest_program()
{
	mkdir -p "$OUT/guest" &&
		"${CROSS_COMPILE}gcc" -static -s -O2 -Wall -Wextra -Werror "$SCRIPTS/guest/$1.c" -o "$OUT/guest/$1-$KARCH.$$" &&
		mv "$OUT/guest/$1-$KARCH.$$" "$OUT/guest/$1-$KARCH" && echo "$OUT/guest/$1-$KARCH"
}
