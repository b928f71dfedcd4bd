#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# One of the hosts that are remediated: virtuoso as its repository says, and all that runs of it is well. Somebody took a mode away.
set -euo pipefail
# shellcheck source=common.sh
source /run/lab/common.sh

clone main
as_virtuoso chmod 0644 "$HOME_OF_APP/scripts/restart.sh"
environment venv aiohttp==3.9.1 numpy==1.26.4
install -m 0644 "$HOME_OF_APP"/deploy/virtuoso-*.service /etc/systemd/system/
# What nginx reads lies in the tree: a change of it is read again by a reload.
ln -sf "$HOME_OF_APP/deploy/nginx.conf" /etc/nginx/sites-enabled/default
loopback_only
systemctl daemon-reload
systemctl enable --quiet --now docker redis-server nginx
systemctl enable --quiet --now virtuoso-web virtuoso-monitor virtuoso-producer virtuoso-consumer

same_image
compose up --detach --wait

wait_until 120 "the web API behind nginx" is_answering http://127.0.0.1:8080/health
wait_until 120 "executed intents" grep --quiet "[1-9][0-9]* intents executed" "$HOME_OF_APP/logs/consumer.log"
