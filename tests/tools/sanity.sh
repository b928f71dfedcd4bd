#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run ansible-test sanity. It wants the collection at .../ansible_collections/evenkeel/drift as a real path,
# and makes its environments below the home directory: it gets a copy of what git would track, and a home of its own.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/../.." && pwd)
cd "$checkout"
home="$checkout/.cache/ansible-test"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ansible-test downloads the installer of one version of pip; Python brings its own along.
pip_version=$(python -c '
from types import SimpleNamespace
from ansible_test._internal.python_requirements import get_venv_packages
print(get_venv_packages(SimpleNamespace(version="3.11"))["pip"])')
mkdir -p "$home/.ansible/test/cache"
echo 'import ensurepip; ensurepip.bootstrap(upgrade=True, default_pip=True)' >"$home/.ansible/test/cache/get_pip_${pip_version//./_}.py"

collection="$work/ansible_collections/evenkeel/drift"
mkdir -p "$collection"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; fi
done | xargs -0 cp -a --parents -t "$collection"

# Nothing here is written for PowerShell, and its checker needs PowerShell itself.
sanity() {
  (cd "$collection" && env -u ANSIBLE_CONFIG -u ANSIBLE_HOME -u ANSIBLE_COLLECTIONS_PATH HOME="$home" ansible-test sanity --color no "$@")
}

controller=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
failed=0
sanity --python "$controller" --skip-test pslint || failed=1

# What runs on hosts, under the oldest and the newest Python of a host.
for version in 3.8 3.13; do
  if [[ $version != "$controller" ]] && python=$(tests/tools/find_python.sh "$version"); then
    PATH="$(dirname "$(command -v ansible-test)"):$(dirname "$python"):$PATH" sanity --python "$version" --test compile --test import || failed=1
  fi
done
((failed == 0)) || exit 1
echo "sanity: clean"
