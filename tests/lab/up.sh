#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Bring the lab up: an engine, the image, and the hosts. What is there already and as it should be is left alone.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
source "$LAB/engine.sh"
source "$LAB/image.sh"
source "$LAB/hosts.sh"
exec </dev/null

lock
engine_up
only_ours
keys_up
image_up
network_up
hosts_up
inventory "$PREFIX-prod" "$PREFIX-staging"
say "up: $PREFIX-prod and $PREFIX-staging; ansible -i $STATE/inventory all -m ping"
