# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What both hosts of the lab begin with. Sourced inside the host by staging.sh and prod.sh; /run/lab holds virtuoso.bundle.
# shellcheck shell=bash
set -euo pipefail

HOME_OF_APP=/srv/virtuoso
as_virtuoso() { runuser -u virtuoso -- "$@"; }

# wait_until SECONDS WHAT COMMAND...: until the command succeeds; fails with the name of what did not happen.
wait_until() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      echo "waited in vain: $what" >&2
      return 1
    fi
    sleep 0.1
  done
}

# Debian's Redis and Memcached also want the loopback of IPv6, which not every machine gives to containers.
loopback_only() {
  sed -i 's/^bind .*/bind 127.0.0.1/' /etc/redis/redis.conf
  sed -i '/^-l ::1/d' /etc/memcached.conf
}

# clone REVISION: deploy virtuoso, with an origin that has everything.
clone() {
  git -c init.defaultBranch=main clone --quiet --bare /run/lab/virtuoso.bundle /srv/virtuoso.git
  git clone --quiet --branch main /srv/virtuoso.git "$HOME_OF_APP"
  git -C "$HOME_OF_APP" reset --quiet --hard "$1"
  chown -R virtuoso: /srv/virtuoso.git "$HOME_OF_APP"
}

# environment FOLDER PACKAGE==VERSION...: a virtual environment, with the metadata of packages that nothing here imports.
environment() {
  local folder=$HOME_OF_APP/$1 site package
  shift
  as_virtuoso python3 -m venv --without-pip "$folder"
  site=$(echo "$folder"/lib/python3*/site-packages)
  for package in "$@"; do
    as_virtuoso mkdir -p "$site/${package/==/-}.dist-info"
    printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "${package%==*}" "${package#*==}" |
      as_virtuoso tee "$site/${package/==/-}.dist-info/METADATA" >/dev/null
  done
}

# The images of the project `bot` are made here, from nothing but busybox: no registry is asked.
inner_image() {
  tar -C / --transform 's,^usr/,,' -c usr/bin/busybox | docker import --change 'ENV PATH=/bin' - lab/busybox-alone >/dev/null
  docker build --quiet --tag lab/busybox - >/dev/null <<'EOF'
FROM lab/busybox-alone
RUN ["/bin/busybox", "--install", "/bin"]
EOF
}

# The same image as a whole, with the same id on every host that makes it.
same_image() {
  local work layer config
  work=$(mktemp -d)
  mkdir -p "$work/root/bin" "$work/image"
  cp /usr/bin/busybox "$work/root/bin/busybox"
  /usr/bin/busybox --list | grep -vx busybox | while read -r name; do ln -s busybox "$work/root/bin/$name"; done
  tar -C "$work/root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/image/layer.tar" bin
  layer=$(sha256sum "$work/image/layer.tar" | cut -d ' ' -f 1)
  printf '{"architecture":"%s","os":"linux","created":"2025-09-19T08:00:00Z","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(dpkg --print-architecture)" "$layer" >"$work/image/config.json"
  config=$(sha256sum "$work/image/config.json" | cut -d ' ' -f 1)
  mv "$work/image/config.json" "$work/image/$config.json"
  printf '[{"Config":"%s.json","RepoTags":["lab/busybox:latest"],"Layers":["layer.tar"]}]' "$config" >"$work/image/manifest.json"
  tar -C "$work/image" -c . | docker load --quiet >/dev/null
  rm -rf "$work"
}

compose() { docker compose --project-directory "$HOME_OF_APP/bot" --progress quiet "$@"; }
is_answering() { curl --silent --fail --max-time 2 "$1"; }
is_state() { [[ $(docker inspect --format "$2" "$1") == "$3" ]]; }
