# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # the caller's variables: line tree arch preempt config results
# warnings.sh - what the compiler says of mm/vmalloc.c. Sourced after lib.sh and tap.sh.

warnings_build() { echo "$OUT/build/w1-${tree##*/}-$arch-$preempt"; }

# warnings COMMIT NAME [OPTION...]: what the compiler says of mm/vmalloc.c at W=1, without line numbers, and "compiled" if it
# did. All in one build directory, so that the tools are built once. An option is given as to scripts/config.
warnings()
{
	local commit=$1 name=$2 build
	build=$(warnings_build)
	shift 2
	(
		flock 8
		git -C "$tree" checkout -q "$commit"
		use_ccache
		# x86_64 is 64 bits whatever the configuration says; x86 is what it says.
		kmake=(make -s -C "$tree" O="$build" ARCH="${KARCH%_64}" CROSS_COMPILE="$CROSS_COMPILE"
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
		"${kmake[@]}" W=1 mm/vmalloc.o 2>&1 && echo compiled
	) 8>"$OUT/tree/.lock" | sed -n 's/^[^ ]*vmalloc\.c:[0-9:]* *//p; s/^[^ ]*vmap_purge\.h:[0-9:]* *//p; /error:/p; /^compiled$/p' |
		sort
}

compiles() { grep -qx compiled "$1" || { cat "$1"; echo "does not compile"; return 1; }; }

same() { compiles "$2" && diff <(uniq "$1") <(uniq "$2"); }

# same_warnings BASE COMMIT WHAT: a check that the compiler says of COMMIT what it said of BASE (files of warnings)
same_warnings()
{
	expect "W=1 clean$3: $(git -C "$tree" log -1 --format=%s "$2")" same "$1" "$1-$2"
}

# in_configs SUITE COMMIT...: the same for each of the commits, in those of scripts/configs that are for SUITE
in_configs()
{
	local suite=$1 name asked suites options commit said file
	shift
	while read -r name asked suites options <&9; do
		case ,$suites, in *",$suite,"*) ;; *) continue ;; esac
		said=$results/$name file=$(warnings_build)/.config
		# shellcheck disable=SC2086 # words
		warnings base "$name" $options >"$said"
		# What is not to be had would only test the default once more.
		case $asked in
		!*) ! grep -q "^CONFIG_${asked#!}=y" "$file" ;;
		*) grep -q "^CONFIG_$asked=y" "$file" ;;
		esac || { skip "$name" "$line $arch has no configuration with $asked"; continue; }
		expect "base compiles, $name" compiles "$said"
		for commit; do
			# shellcheck disable=SC2086 # words
			warnings "$commit" "$name" $options >"$said-$commit"
			same_warnings "$said" "$commit" ", $name"
		done
	done 9< <(grep -v '^#' "$SCRIPTS/configs")
}
