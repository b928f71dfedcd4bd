#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Three hosts of the lab that are remediated together: for the scenario `remediate` of Molecule.
#   remediate.sh up     make them anew, with a repository of their own; their inventory is .cache/lab/remediate/inventory
#   remediate.sh down   remove them
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$LAB/engine.sh"
source "$LAB/image.sh"
source "$LAB/hosts.sh"
source "$LAB/own.sh"
exec </dev/null

HOSTS=("$PREFIX-remediate-1" "$PREFIX-remediate-2" "$PREFIX-remediate-3")

# edit EXPRESSION FILE: by sed; an edit that changes nothing is a mistake.
edit() {
  sed -i.before -E "$1" "$2"
  if cmp -s "$2" "$2.before"; then die "$1 changes nothing in $2"; fi
  rm "$2.before"
}

commit() {
  git add --all
  git -c user.name='Trading Team' -c user.email=trading@example.org commit --quiet --message "$1"
}

# break_by BRANCH SUBJECT EXPRESSION FILE: a branch with one more commit, which must never stay on a host.
break_by() {
  git switch --quiet --create "$1" main
  edit "$3" "$4"
  commit "$2"
}

# commits REPOSITORY: the commit that the hosts lack, of nineteen files, and beside it those that break something each.
commits() (
  cd "$1" || exit
  mkdir pages
  for number in {01..16}; do printf '{"page": %d}\n' "$((10#$number))" >"pages/page-$number.json"; done
  printf '\nIts pages lie in pages/.\n' >>README.md
  edit 's/"mode": "standalone"/"mode": "standalone", "pages": 16/' src/web_server.py
  edit 's/echo webhook mode;/echo webhook mode, with pages;/' bot/docker-compose.yml
  commit "Serve pages"
  break_by breaks-endpoint "Move the health page" 's,"/health": health,"/healthz": health,' src/web_server.py
  break_by leaks-exception "Look at signals without names" 's/, signal, symbol\)/, signal)/' src/main.py
  break_by stalls-consumer "Take nothing" 's/entries = take\(.*$/entries: list[t.Any] = []/' src/consumer.py
  break_by crash-loops "End after a while" 's/exec httpd -f -p 5000 -h .srv/sleep 4; exit 1/' bot/docker-compose.yml
  git switch --quiet main
)

lock
case ${1:-} in
  up)
    own_up remediate "${HOSTS[@]}"
    commits "$STATE/remediate/reference"
    ;;
  down) if engine_answers; then only_ours; own_down remediate "${HOSTS[@]}"; fi ;;
  *) die "remediate.sh up, or remediate.sh down" ;;
esac
