#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Link the checkout into a virtual environment as ansible_collections/evenkeel/drift, so that its full names work from any directory.
#   link.sh VENV
set -euo pipefail

checkout=$(cd "$(dirname "$0")/../.." && pwd)
packages=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$packages/ansible_collections/evenkeel"
ln -sfn "$checkout" "$packages/ansible_collections/evenkeel/drift"

# ansible-lint and molecule install copies where they are called by hand; an old copy must not shadow the checkout.
rm -rf "$checkout/.ansible/collections/ansible_collections/evenkeel"
