#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run the unit and end-to-end tests on the newest ansible-core that a newer Python gets.
#   newest.sh 3.13 VENV REPORTS
set -euo pipefail

version=$1 venv=$2 reports=$3
cd "$(dirname "$0")/../.."

if ! python=$(tests/tools/find_python.sh "$version"); then
  echo "SKIPPED: newest ansible-core on Python $version: no python$version on PATH, none in pyenv"
  exit 0
fi

test -x "$venv/bin/python" || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/unit/requirements.txt
tests/tools/link.sh "$venv"
export PATH="$venv/bin:$PATH"
"$venv/bin/python" -c 'import ansible.release, sys; print("ansible-core", ansible.release.__version__, "on Python", sys.version.split()[0])'
for suite in unit integration; do
  "$venv/bin/python" -m pytest -q -m "not lab" -n "${JOBS:-2}" --junitxml="$reports/$suite-newest.xml" "tests/$suite"
done
