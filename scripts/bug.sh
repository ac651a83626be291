# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bug.sh - kernels with patches on top of the series. Sourced after lib.sh.

# series_with TREE PATCH...: print the commit in TREE that has the patches on top of the series. The same patches give the
# same commit, so that its kernel is not built twice.
series_with()
{
	local tree=$1 patch
	shift
	(
		flock 8
		export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost GIT_AUTHOR_DATE=2026-01-01T00:00:00Z
		export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost GIT_COMMITTER_DATE=2026-01-01T00:00:00Z
		git -C "$tree" checkout -q -f --detach series
		for patch; do
			git -C "$tree" apply --index "$patch" >&2 || exit
		done
		[ $# = 0 ] || git -C "$tree" commit -q -m "TEST ONLY: ${*##*/}" >&2 || exit
		git -C "$tree" rev-parse HEAD
	) 8>"$OUT/tree/.lock"
}

# check_patches TREE: the patches that look at all areas of the series in TREE, one a line
check_patches()
{
	local kind=trees
	! git -C "$1" grep -q nr_vmap_nodes series -- mm/vmalloc.c || kind=nodes
	printf '%s\n' "$TOP/patches/test/check-code.patch" "$TOP/patches/test/check-$kind.patch"
}

# mutants_of LINE [MODEL]: the names of the mutants that are of that line, as their second line says, one a line; if a model is
# given, those that the third line does not keep for others
mutants_of()
{
	local patch models
	for patch in "$TOP"/patches/mutants/*.patch; do
		models=$(sed -n '3s/^Models: //p' "$patch")
		case " $(sed -n '2s/^Lines: //p' "$patch") " in
		*" ${1%-rt} "*) ;;
		*) continue ;;
		esac
		[ -z "$models" ] || [ -z "${2-}" ] || grep -qw -- "$2" <<<"$models" || continue
		basename "$patch" .patch
	done
}

# need_bug NAME: die unless patches/test has such a one
need_bug()
{
	local found=
	[ "$1" = check ] || found=$(find "$TOP/patches/test" -name "$1.patch" -o -name "$1-nodes.patch" -o -name "$1-tree.patch")
	[ -n "$found" ] || die "no patches/test/$1.patch, -nodes or -tree; see patches/test/README"
}

# bug_commit TREE NAME: tag as NAME, in TREE, the series with that of patches/test/NAME.patch, NAME-nodes.patch and
# NAME-tree.patch which applies to it.
bug_commit()
{
	local tree=$1 name=$2 patch commit
	for patch in "$TOP/patches/test/$name".patch "$TOP/patches/test/$name"-{nodes,tree}.patch; do
		[ -f "$patch" ] || continue
		commit=$(series_with "$tree" "$patch" 2>/dev/null) || continue
		git -C "$tree" tag -f "$name" "$commit" >&2
		return
	done
	die "no patches/test/$name.patch, -nodes or -tree that applies to the series; see patches/test/README"
}
