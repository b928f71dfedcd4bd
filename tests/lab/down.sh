#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Take the lab down: hosts, volumes, networks, and the engine if make lab started it. The image stays, to be quick next time.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$LAB/engine.sh"
exec </dev/null

lock
if engine_answers; then
  only_ours
  mapfile -t hosts < <(containers)
  ((${#hosts[@]} == 0)) || docker rm --force --volumes "${hosts[@]}" >/dev/null
  docker network inspect "$PREFIX" >/dev/null 2>&1 && docker network rm "$PREFIX" >/dev/null
fi
rm -rf "$STATE/inventory"
engine_down
say "down"
