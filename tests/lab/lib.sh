# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the scripts of the lab share: names, places, and waiting. Sourced.
# shellcheck shell=bash
set -euo pipefail

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$LAB/../.." && pwd)
STATE=$CHECKOUT/.cache/lab
# Several labs on one engine need several names.
PREFIX=${LAB_NAME:-lab}
LABEL=org.example.evenkeel.lab

say() { echo "lab: $*" >&2; }
die() {
  say "$@"
  exit 1
}

# wait_until SECONDS WHAT COMMAND...: until the command succeeds; false after the limit.
wait_until() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      say "waited in vain: $what"
      return 1
    fi
    sleep 0.1
  done
}

# digest FILE|FOLDER...: of names, modes and contents; the same in every checkout.
digest() {
  find "$@" -name __pycache__ -prune -o -type f -printf '%m ' -exec sha256sum {} \; | sed "s,  $CHECKOUT/,  ," | sort -k 3 | sha256sum | cut -c 1-12
}

# One change of the lab at a time.
lock() {
  mkdir -p "$STATE"
  exec 9>"$STATE/lock"
  flock --timeout 600 9 || die "another make lab has been at work for ten minutes"
}

containers() { docker ps --all --quiet --filter "label=$LABEL=$PREFIX" "$@"; }

# hosts_of_all: the names of the hosts that are there, each on a line; those that a scenario has made for itself are among them.
hosts_of_all() { docker ps --all --filter "label=$LABEL=$PREFIX" --format '{{.Names}}'; }

# was_up: the two hosts that up.sh makes, or one of them, are there.
was_up() { hosts_of_all 2>/dev/null | grep -qxE "$PREFIX-(prod|staging)"; }

# What another checkout has made is not ours to change.
only_ours() {
  [[ $(containers) == $(containers --filter "label=$LABEL.checkout=$CHECKOUT") ]] ||
    die "another checkout's lab is called $PREFIX: take it down there, or set LAB_NAME for one beside it"
}
