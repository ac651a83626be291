# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# online.sh - bring up the CPUs that the kernel has left alone. Sourced by the scripts of guests whose CPUs take turns; see
# CMDLINE_TURNS in scripts/arch.
for cpu in /sys/devices/system/cpu/cpu[0-9]*/online; do
	[ ! -e "$cpu" ] || [ "$(cat "$cpu")" = 1 ] || echo 1 > "$cpu"
done
