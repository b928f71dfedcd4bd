#!/bin/sh
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A cache that is filled once, with CACHE_MB megabytes.
set -eu
cache=$(head -c "${CACHE_MB}m" /dev/zero | tr '\0' x)
echo "cache ready: ${#cache} bytes"
exec sleep 2147483647
