#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Compile what runs on hosts with the oldest Python that hosts may have, and run its unit tests there.
#   host_python.sh 3.8 VENV JUNIT_XML
set -euo pipefail

version=$1 venv=$2 report=$3
cd "$(dirname "$0")/../.."

if ! python=$(tests/tools/find_python.sh "$version"); then
  echo "SKIPPED: host code under Python $version: no python$version on PATH, none in pyenv"
  exit 0
fi

test -x "$venv/bin/python" || "$python" -m venv "$venv"
# The last releases for Python 3.8.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "pytest>=8.3,<8.4" "hypothesis>=6.100,<6.114" "pytest-xdist>=3.6,<3.7"

find plugins/module_utils plugins/modules -name '*.py' -exec "$venv/bin/python" -W error -m py_compile {} +

# Host code has no Ansible and no control-node code around it, so neither have these tests.
mapfile -t tests < <(grep -rLE 'plugin_utils|plugins\.action|import ansible\b|from ansible\b|pathspec|jsonschema|importorskip\("yaml"' --include='test_*.py' \
  tests/unit/plugins/module_utils | sort)
echo "host code under Python $version: ${#tests[@]} test files"
"$venv/bin/python" -m pytest -q -n "${JOBS:-2}" -p no:cacheprovider --junitxml="$report" "${tests[@]}"
