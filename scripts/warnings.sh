# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the caller's variables: tree arch preempt config
# warnings.sh - what the compiler says of mm/vmalloc.c. Sourced after lib.sh and use_arch.

# warnings COMMIT NAME [OPTION...]: what the compiler says of mm/vmalloc.c at W=1, without line
# numbers. All in one build directory, so that the tools are built once. An option is given as to scripts/config.
warnings()
{
	local commit=$1 name=$2 build=$OUT/build/w1-${tree##*/}-$arch-$preempt
	shift 2
	(
		flock 8
		git -C "$tree" checkout -q "$commit"
		use_ccache
		kmake=(make -s -C "$tree" O="$build" ARCH="$KARCH" CROSS_COMPILE="$CROSS_COMPILE"
			CC="$SCRIPTS/cc ${CROSS_COMPILE}gcc" -j"$(nproc)")
		if [ "$(cat "$build/name" 2>/dev/null)" != "$name" ]; then
			mkdir -p "$build"
			rm -f "$build/name"
			cp "$config" "$build/.config"
			[ $# = 0 ] || "$tree/scripts/config" --file "$build/.config" "$@"
			"${kmake[@]}" olddefconfig >&2
			echo "$name" >"$build/name"
		fi
		rm -f "$build/mm/vmalloc.o"
		"${kmake[@]}" W=1 mm/vmalloc.o 2>&1 || echo "does not build"
	) 8>"$OUT/tree/.lock" | sed -n 's/^[^ ]*vmalloc\.c:[0-9:]* *//p; s/^[^ ]*vmap_purge\.h:[0-9:]* *//p; /error:/p; /^does not/p' |
		sort
}
