#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# with.sh COMMAND...: run a command with the lab up, and leave the lab as it was: up if it was up, else down. Hosts that a scenario has left behind are no lab
# that was up: they go with it.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if was_up; then
  "$LAB/up.sh"
  "$@"
  exit
fi
left=$(hosts_of_all 2>/dev/null | tr '\n' ' ') || left=''
[[ -z $left ]] || say "left behind, and taken down with the lab: $left"
trap '"$LAB/down.sh"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$LAB/up.sh"
"$@"
