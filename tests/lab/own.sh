# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Hosts of the lab that one scenario has for itself, because it changes them. Sourced, after hosts.sh.
# shellcheck shell=bash

# own_down NAME HOST...: remove these hosts, and what is kept of them.
own_down() {
  local name=$1
  shift
  docker rm --force --volumes "$@" >/dev/null 2>&1 || true
  rm -rf "${STATE:?}/$name"
}

# own_up NAME HOST...: make these hosts anew by hosts/NAME.sh, with a repository of their own to deploy from. Their inventory is
# .cache/lab/NAME/inventory, where they are the group NAME.
own_up() {
  local name=$1 host jobs=() job
  shift
  engine_up
  only_ours
  keys_up
  image_up
  network_up
  reference_up
  own_down "$name" "$@"
  mkdir -p "$STATE/$name/inventory"
  git clone --quiet "$STATE/reference" "$STATE/$name/reference"
  for host in "$@"; do
    say "making the host $host"
    start "$host" "$name"
    plant "$host" "$name" &
    jobs+=("$!")
  done
  for job in "${jobs[@]}"; do wait "$job" || die "not all hosts could be made"; done
  ln -sfn "$LAB/group_vars" "$STATE/$name/inventory/group_vars"
  {
    printf -- '---\n# Made by tests/lab/%s.sh.\nlab:\n  vars:\n    lab_state: %s\n  children:\n    %s:\n      hosts:\n' "$name" "$STATE" "$name"
    for host in "$@"; do printf '        %s: {ansible_host: %s, lab_role: %s}\n' "$host" "$(address "$host")" "$name"; done
  } >"$STATE/$name/inventory/hosts.yml"
  say "up: $*; ansible -i $STATE/$name/inventory all -m ping"
}
