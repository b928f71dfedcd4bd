#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Audit the demonstration, while its services run, and check that its drift was found. `make audit` builds the demonstration first.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/../.." && pwd)
runs="$checkout/drift-runs"
cd "$checkout"

newest_run() {
  [[ -d $runs ]] || return 0
  find "$runs" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort | tail -1
}

# 2 is ansible-playbook's answer when a host failed, as one with drift should.
before=$(newest_run)
code=0
python tests/demo/run_services.py .cache/demo \
  ansible-playbook evenkeel.drift.audit -i inventories/demo -e drift_output_dir="$runs" </dev/null || code=$?
run=$(newest_run)
verdict=none
if [[ $run != "$before" ]]; then
  verdict=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["verdict"]["state"])' "$runs/$run/findings.json" || echo none)
fi

if [[ $code != 2 || $verdict != drift ]]; then
  echo "the demonstration's drift was NOT found: ansible-playbook ended with $code, the verdict is $verdict" >&2
  exit 1
fi
echo
echo "The demonstration's drift was found, as it should be. The report: $runs/$run/report.md"
