#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Print the path of a working Python X.Y, or fail when there is none.
#   find_python.sh 3.13
set -euo pipefail

shopt -s nullglob
# A pyenv shim may stand on PATH for a version that is not active: only a Python that starts counts.
pyenv=${PYENV_ROOT:-~/.pyenv}
for candidate in "python$1" "$pyenv/versions/$1".*/bin/python; do
  if path=$("$candidate" -c 'import sys; print(sys.executable)' 2>/dev/null); then
    echo "$path"
    exit 0
  fi
done
exit 1
