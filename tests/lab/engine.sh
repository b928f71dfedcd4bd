# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The engine that the lab runs on: the one that answers, else one of our own. Sourced.
# shellcheck shell=bash

engine_answers() { timeout 60 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

install_engine() {
  local missing=()
  command -v docker >/dev/null || missing+=(docker.io)
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v iptables >/dev/null || missing+=(iptables)
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    die "no Docker Engine answers: please start one, or install ${missing[*]} and run make lab as root"
  fi
  say "installing ${missing[*]}"
  DEBIAN_FRONTEND=noninteractive apt-get update -q >"$STATE/apt.log" 2>&1
  # Installing it must not start it: what we start, we stop.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -qy --no-install-recommends "${missing[@]}" >>"$STATE/apt.log" 2>&1 ||
    { tail -n 20 "$STATE/apt.log" >&2; die "apt-get failed"; }
}

start_engine() {
  [[ $(id -u) == 0 ]] || die "no Docker Engine answers: please start one, or run make lab as root"
  say "starting dockerd"
  setsid dockerd </dev/null >"$STATE/dockerd.log" 2>&1 9>&- &
  echo "$!" >"$STATE/dockerd.pid"
  wait_until 120 "dockerd answers" engine_answers || { tail -n 20 "$STATE/dockerd.log" >&2; die "dockerd does not answer"; }
}

engine_up() {
  engine_answers && return
  install_engine
  engine_answers && return
  start_engine
}

# Stop the engine that we started, and no other: the pid must still be a dockerd.
engine_down() {
  local pid
  [[ -f $STATE/dockerd.pid ]] || return 0
  pid=$(<"$STATE/dockerd.pid")
  if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
    say "stopping dockerd"
    kill "$pid"
    wait_until 60 "dockerd has ended" eval "! kill -0 $pid" || tail -n 20 "$STATE/dockerd.log" >&2
  fi
  rm -f "$STATE/dockerd.pid"
}
