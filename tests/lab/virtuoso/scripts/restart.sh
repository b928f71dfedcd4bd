#!/bin/sh
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Restart everything that belongs to virtuoso.
set -eu
systemctl restart virtuoso-web virtuoso-monitor virtuoso-producer virtuoso-consumer
