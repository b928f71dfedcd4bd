#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A host of the lab that is there to be changed: for the scenario `change` of Molecule, and for who wants to try a deploy.
#   change.sh up     make it anew, with a repository of its own to deploy from; its inventory is .cache/lab/change/inventory
#   change.sh down   remove it
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$LAB/engine.sh"
source "$LAB/image.sh"
source "$LAB/hosts.sh"
exec </dev/null

HOST=$PREFIX-change
CHANGE=$STATE/change

change_down() {
  docker rm --force --volumes "$HOST" >/dev/null 2>&1 || true
  rm -rf "$CHANGE"
}

change_up() {
  engine_up
  only_ours
  keys_up
  image_up
  network_up
  reference_up
  change_down
  mkdir -p "$CHANGE/inventory"
  git clone --quiet "$STATE/reference" "$CHANGE/reference"
  say "making the host $HOST"
  start "$HOST" change
  plant "$HOST" change
  ln -sfn "$LAB/group_vars" "$CHANGE/inventory/group_vars"
  cat >"$CHANGE/inventory/hosts.yml" <<EOF
---
# Made by tests/lab/change.sh.
lab:
  vars:
    lab_state: $STATE
  children:
    change:
      hosts:
        $HOST: {ansible_host: $(address "$HOST"), lab_role: change}
EOF
  say "up: $HOST; ansible -i $CHANGE/inventory all -m ping"
}

lock
case ${1:-} in
  up) change_up ;;
  down) if engine_answers; then only_ours; change_down; fi ;;
  *) die "change.sh up, or change.sh down" ;;
esac
