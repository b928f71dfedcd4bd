#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A fleet of small hosts for the benchmarks, of the lab's image: systemd, sshd, and nothing of the application.
#   fleet.sh up COUNT FOLDER   make them, with FOLDER at /srv/app, and list them in .cache/lab/fleet: name and address
#   fleet.sh down              remove them
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$LAB/engine.sh"
source "$LAB/image.sh"
source "$LAB/hosts.sh"
exec </dev/null

# Each asks the engine that it runs on itself about its containers: twenty engines inside would measure themselves.
ENGINE=/var/run/docker.sock

fleet_down() {
  local hosts
  mapfile -t hosts < <(containers --filter "name=^$PREFIX-fleet-")
  ((${#hosts[@]} == 0)) || docker rm --force --volumes "${hosts[@]}" >/dev/null
  rm -f "$STATE/fleet"
}

fleet_up() {
  local name names=()
  [[ -S $ENGINE ]] || die "the fleet needs the engine's socket at $ENGINE"
  engine_up
  only_ours
  keys_up
  image_up
  network_up
  fleet_down
  mapfile -t names < <(seq -f "$PREFIX-fleet-%02g" "$1")
  for name in "${names[@]}"; do
    start "$name" fleet --volume "$2:/srv/app:ro" --volume "$ENGINE:/lab/docker.sock"
  done
  for name in "${names[@]}"; do
    wait_until 180 "$name has started" is_running_systemd "$name" || { docker logs --tail 20 "$name" >&2; die "$name does not start"; }
    echo "$name $(address "$name")" >>"$STATE/fleet"
  done
  say "a fleet of $1 hosts is up"
}

lock
case ${1:-} in
  up) fleet_up "$2" "$(realpath "$3")" ;;
  down) only_ours; fleet_down ;;
  *) die "fleet.sh up COUNT FOLDER, or fleet.sh down" ;;
esac
