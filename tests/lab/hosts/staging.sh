#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The healthy host: virtuoso as its repository says, supervised by systemd, and nothing else.
set -euo pipefail
# shellcheck source=common.sh
source /run/lab/common.sh

clone main
environment venv aiohttp==3.9.1 numpy==1.26.4
install -m 0644 "$HOME_OF_APP"/deploy/virtuoso-*.service /etc/systemd/system/
install -m 0644 "$HOME_OF_APP"/deploy/nginx.conf /etc/nginx/sites-enabled/default
loopback_only
install -d /etc/systemd/system/influxdb.service.d
printf '[Service]\nEnvironment=INFLUXDB_HTTP_BIND_ADDRESS=127.0.0.1:8086\n' >/etc/systemd/system/influxdb.service.d/bind.conf
systemctl daemon-reload
systemctl enable --quiet --now docker redis-server memcached nginx influxdb
systemctl enable --quiet --now virtuoso-web virtuoso-monitor virtuoso-producer virtuoso-consumer

inner_image
compose up --detach --wait

wait_until 120 "the web API behind nginx" is_answering http://127.0.0.1:8080/health
wait_until 120 "InfluxDB" is_answering http://127.0.0.1:8086/ping
wait_until 120 "executed intents" grep --quiet "[1-9][0-9]* intents executed" "$HOME_OF_APP/logs/consumer.log"
