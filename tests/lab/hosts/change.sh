#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A host that is there to be changed: three commits behind, with work that nobody committed, and running all the same.
set -euo pipefail
# shellcheck source=common.sh
source /run/lab/common.sh

clone main~3
environment venv aiohttp==3.9.1 numpy==1.26.4
install -m 0644 "$HOME_OF_APP"/deploy/virtuoso-*.service /etc/systemd/system/
install -d /etc/systemd/system/virtuoso-web.service.d
printf '[Service]\nNice=5\n' >/etc/systemd/system/virtuoso-web.service.d/nice.conf
loopback_only
systemctl daemon-reload
systemctl enable --quiet --now docker redis-server
systemctl enable --quiet --now virtuoso-web virtuoso-monitor virtuoso-producer virtuoso-consumer

# Another application, which lives in releases.
install -d -o virtuoso -g virtuoso /srv/page /srv/page/releases /srv/page/releases/first
git -c safe.directory="$HOME_OF_APP" -C "$HOME_OF_APP" archive main | as_virtuoso tar -C /srv/page/releases/first -x
as_virtuoso ln -s releases/first /srv/page/current

cd "$HOME_OF_APP"
# Edited and not committed, edited and staged, and never added.
as_virtuoso sed -i 's/max_workers=4/max_workers=8/' src/main.py
as_virtuoso sed -i 's/^interval_s = 2$/interval_s = 1/' config/virtuoso.ini
as_virtuoso git add config/virtuoso.ini
as_virtuoso mkdir tools
printf 'print("a probe that only this host has")\n' | as_virtuoso tee tools/probe.py >/dev/null
# Attributes that a change has to bring back as they are.
as_virtuoso chmod 0644 scripts/restart.sh
as_virtuoso chmod 0660 src/core/market.py
as_virtuoso touch --date=2025-10-01T08:00:00.123456789Z src/core/market.py src/core/tasks.py
python3 -c 'import os; os.setxattr("src/core/market.py", "user.reviewed", b"yes")'
# Files of a secret class, which stay where they are.
printf 'VIRTUOSO_TOKEN=lab-canary-5f1c8e07b2d94a63\n' | as_virtuoso tee .env >/dev/null
printf 'CACHE_MB=2\n' | as_virtuoso tee bot/.env >/dev/null
chmod 0600 .env bot/.env

inner_image
compose up --detach --wait

wait_until 120 "executed intents" grep --quiet "[1-9][0-9]* intents executed" "$HOME_OF_APP/logs/consumer.log"
