# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bug.sh - kernels with a patch of patches/test on top of the series. Sourced after lib.sh.

# bug_commit TREE NAME: tag as NAME, in TREE, the series with that one of patches/test/NAME*.patch that applies to it.
bug_commit()
{
	local tree=$1 name=$2 patch
	(
		flock 8
		git -C "$tree" checkout -q --detach series
		for patch in "$TOP/patches/test/$name"*.patch; do
			git -C "$tree" apply --check "$patch" 2>/dev/null || continue
			git -C "$tree" -c user.name=test -c user.email=test@localhost am -q --committer-date-is-author-date "$patch" >&2
			git -C "$tree" tag -f "$name" >&2
			exit
		done
		die "none of patches/test/$name*.patch applies to the series"
	) 8>"$OUT/tree/.lock"
}
