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
source "$LAB/own.sh"
exec </dev/null

HOST=$PREFIX-change

lock
case ${1:-} in
  up) own_up change "$HOST" ;;
  down) if engine_answers; then only_ours; own_down change "$HOST"; fi ;;
  *) die "change.sh up, or change.sh down" ;;
esac
