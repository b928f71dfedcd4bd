#!/usr/bin/env bash
# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The drifted host: what the field reports found, planted one by one. tests/lab/faults.yml says what must be reported.
set -euo pipefail
# shellcheck source=common.sh
source /run/lab/common.sh

# Three commits behind, edited by hand, and with a package of last year.
clone main~3
environment venv aiohttp==3.8.6 numpy==1.26.4
environment venv_old aiohttp==3.8.6
as_virtuoso sed -i 's/^interval_s = 2$/interval_s = 8/' "$HOME_OF_APP/config/virtuoso.ini"
as_virtuoso cp "$HOME_OF_APP/src/consumer.py" "$HOME_OF_APP/src/consumer_working.py"
as_virtuoso chmod 0644 "$HOME_OF_APP/scripts/restart.sh"
as_virtuoso rm "$HOME_OF_APP/deploy/nginx.conf" --force

# nginx passes on to a port where nobody is; its unit was edited and systemd was not told. Memcached is open to everybody.
install -m 0644 /dev/stdin /etc/nginx/sites-enabled/default <<'EOF'
server {
    listen 127.0.0.1:8080;
    location / {
        proxy_pass http://127.0.0.1:8003;
    }
}
EOF
loopback_only
sed -i 's/^-l .*/-l 0.0.0.0/' /etc/memcached.conf
systemctl enable --quiet --now docker redis-server memcached nginx
install -d /etc/systemd/system/nginx.service.d
printf '[Service]\nNice=5\n' >/etc/systemd/system/nginx.service.d/nice.conf

# Started by hand, in a login session that is over: two monitors, one of them from the old environment.
by_hand() {
  su - virtuoso -c "cd $HOME_OF_APP; export PYTHONDONTWRITEBYTECODE=1 VIRTUOSO_STALL=/run/virtuoso/stall
    nohup $1 src/$2.py >/dev/null 2>&1 </dev/null &"
}
by_hand venv_old/bin/python main
by_hand venv/bin/python main
by_hand venv/bin/python web_server
by_hand venv/bin/python producer
by_hand venv/bin/python consumer

# The consumer worked, and then stopped taking intents while it looks alive.
wait_until 120 "executed intents" grep --quiet "[1-9][0-9]* intents executed" "$HOME_OF_APP/logs/consumer.log"
install -d /run/virtuoso
touch /run/virtuoso/stall

inner_image
cd "$HOME_OF_APP/bot"
# The bot was started with another command, by a file that nobody kept. It looks for a service that has another name.
cat >/tmp/polling.yml <<'EOF'
services:
  bot:
    command: [sh, -c, "echo polling mode; exec httpd -f -p 5000 -h /srv"]
EOF
printf '%s\n' MARKET_DATA_URL=http://crypto-market-data:8001 CACHE_MB=64 | as_virtuoso tee .env >/dev/null
# The page that the health check of the web service asks for is gone. The cache may not have what it wants: killed, and started again.
as_virtuoso rm www/index.html
compose --file docker-compose.yml --file /tmp/polling.yml up --detach
rm /tmp/polling.yml
# Somebody looked into something, copied a fix into a running container, and made a new image that nothing runs yet.
docker run --detach --name debug-shell --restart unless-stopped lab/busybox sleep infinity >/dev/null
docker exec bot-bot-1 mkdir /app
docker cp --quiet "$HOME_OF_APP/src/consumer_working.py" bot-bot-1:/app/consumer.py
docker tag lab/busybox-alone lab/busybox

wait_until 120 "the web API" is_answering http://127.0.0.1:8002/health
wait_until 120 "an unhealthy web service" is_state bot-web-1 '{{.State.Health.Status}}' unhealthy
wait_until 120 "a cache that was killed three times" is_state bot-cache-1 '{{.State.Status}} {{.RestartCount}}' 'exited 3'
wait_until 120 "a second cycle of the monitors" grep --quiet "cycle 2 complete" "$HOME_OF_APP/logs/main.log"

# A hotfix in place, and still other settings, while the old instances go on: more than an audit's tolerance after their start.
as_virtuoso sed -i 's/^interval_s = 8$/interval_s = 5/' "$HOME_OF_APP/config/virtuoso.ini"
as_virtuoso sed -i 's/max_workers=4/max_workers=8/' "$HOME_OF_APP/src/main.py"
