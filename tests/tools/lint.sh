#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run every linter, then fail when one of them found something.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/../.." && pwd)
cd "$checkout"
failed=()
mkdir -p .cache/lint

# ansible-lint installs a copy of the collection, which must not shadow the checkout for anybody else.
export ANSIBLE_HOME="$checkout/.cache/lint" ANSIBLE_COLLECTIONS_PATH="$checkout/.cache/lint/collections"

check() {
  local name=$1
  shift
  echo "--- $name"
  "$@" || failed+=("$name")
}

# mypy must see the checkout under its full name; a link inside the virtual environment counts as somebody else's code.
types() {
  local top="$checkout/.cache/types" plugins=ansible_collections/evenkeel/drift/plugins
  mkdir -p "$top/ansible_collections/evenkeel"
  ln -sfn "$checkout" "$top/ansible_collections/evenkeel/drift"
  (cd "$top" && MYPYPATH="$top" mypy --config-file "$checkout/pyproject.toml" --cache-dir "$checkout/.mypy_cache" \
    "$plugins/module_utils" "$plugins/plugin_utils" "$plugins/modules" "$plugins/action")
}

scripts() {
  git ls-files -z --cached --others --exclude-standard -- '*.sh' .ci/run | xargs -0 shellcheck --external-sources --source-path SCRIPTDIR
}

# The workers of one run must find the same tests: a name that holds a time or the order of a set stops the run.
# The second look comes seconds after the first, with another order of hashes.
test_names() {
  local seed
  for seed in 1 2; do
    PYTHONHASHSEED=$seed python -m pytest --collect-only -q -p no:cacheprovider tests/unit tests/integration |
      grep :: >".cache/lint/tests.$seed" || return
  done
  diff .cache/lint/tests.1 .cache/lint/tests.2
}

check "ruff check" ruff check .
check "ruff format" ruff format --check .
check "mypy" types
check "shellcheck" scripts
check "yamllint" yamllint --strict .
# The playbooks refuse an inventory without hosts, for the syntax check too.
check "ansible-lint" env ANSIBLE_INVENTORY=inventories/demo/hosts.yml ansible-lint --offline
check "test names" test_names
check "antsibull-changelog" antsibull-changelog lint
check "antsibull-docs" antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck --validate-collection-refs all .
check "reuse" reuse lint --quiet

if ((${#failed[@]})); then
  printf 'lint failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
