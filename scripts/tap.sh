# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# tap.sh - how the test scripts report: a line per check on stdout. Sourced after lib.sh.

tap_failed=0
# Guests that run in the background ignore Ctrl-C.
trap 'end_children; exit 130' HUP INT TERM

# suite_of WHAT ARGUMENT...: take over line, arch and preempt from the arguments of a suite, of which WHAT says the further one;
# --help says that, and what the comment at the top of the suite says
suite_of()
{
	_usage="usage: $ME LINE ARCH PREEMPT${1:+ $1}" _more=$1
	shift
	case ${1-} in -h | --help) echo "$_usage"; sed -n '3,${/^#/!q;s/^# *//p}' "$0"; exit ;; esac
	[ $# = 3 ] || { [ $# = 4 ] && [ -n "$_more" ]; } || { echo "$_usage" >&2; exit 1; }
	# shellcheck disable=SC2034 # the suite's
	line=$1 arch=$2 preempt=$3
	use_arch "$2"
	need_config "$1" "$3" bench
}

# pass NAME, fail NAME [WHY], skip NAME WHY
pass() { printf 'ok - %s\n' "$1"; }
fail() { printf 'not ok - %s%s\n' "$1" "${2:+ # $2}"; tap_failed=$((tap_failed + 1)); }
skip() { printf 'ok - %s # SKIP %s\n' "$1" "$2"; }

# expect NAME COMMAND...: the command must succeed; else its last line is the reason.
expect()
{
	_name=$1
	shift
	if _out=$("$@" 2>&1); then
		pass "$_name"
	else
		fail "$_name" "$(printf '%s\n' "$_out" | tail -n 1)"
	fi
}

# refuse NAME PATTERN COMMAND...: the command must fail, with one line that has the pattern.
refuse()
{
	_name=$1 _pattern=$2
	shift 2
	if _out=$("$@" 2>&1); then
		fail "$_name" "was not refused"
	elif [ "$(printf '%s\n' "$_out" | wc -l)" != 1 ]; then
		fail "$_name" "more than one line: $(printf '%s' "$_out" | tr '\n' '|')"
	elif ! printf '%s\n' "$_out" | grep -q -- "$_pattern"; then
		fail "$_name" "$_out"
	else
		pass "$_name"
	fi
}

# relay FILE: the guest's own result lines.
relay()
{
	grep -E '^(not )?ok ' "$1" || fail "$1 has results" "none"
	tap_failed=$((tap_failed + $(grep -c '^not ok ' "$1" || :)))
}

# tap_end: exit status of a test script, whose last line says that it got there.
tap_end()
{
	echo "# end"
	[ "$tap_failed" = 0 ]
}
