# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The one image of the lab, made again only when what it is made of has changed. Sourced.
# shellcheck shell=bash

BASE=debian:trixie-slim

base_image() {
  docker image inspect "$BASE" >/dev/null 2>&1 && return
  say "fetching $BASE"
  timeout 300 docker pull --quiet "$BASE" >/dev/null 2>&1 && return
  say "no registry answers: bootstrapping $BASE"
  if ! command -v mmdebstrap >/dev/null; then
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then die "please install mmdebstrap, or pull $BASE"; fi
    DEBIAN_FRONTEND=noninteractive apt-get update -q >"$STATE/apt.log" 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends mmdebstrap >>"$STATE/apt.log" 2>&1 ||
      { tail -n 20 "$STATE/apt.log" >&2; die "apt-get failed"; }
  fi
  mmdebstrap --variant=minbase --include=ca-certificates trixie "$STATE/base.tar" >"$STATE/bootstrap.log" 2>&1 ||
    { tail -n 20 "$STATE/bootstrap.log" >&2; die "mmdebstrap failed"; }
  docker import "$STATE/base.tar" "$BASE" >/dev/null
  rm -f "$STATE/base.tar"
}

image_up() {
  IMAGE=$PREFIX-host:$(digest "$LAB/image")
  # Tests make containers of it, also where the image of the hosts is there already.
  base_image
  docker image inspect "$IMAGE" >/dev/null 2>&1 && return
  say "building $IMAGE"
  # Without BuildKit: where it is missing, this is all there is.
  DOCKER_BUILDKIT=0 timeout 900 docker build --tag "$IMAGE" "$LAB/image" >"$STATE/build.log" 2>&1 ||
    { tail -n 20 "$STATE/build.log" >&2; die "the image could not be built"; }
  # What it was made of before is of no more use; a host that still runs from it is about to be made again.
  docker image ls --format '{{.Repository}}:{{.Tag}}' "$PREFIX-host" | grep -vxF "$IMAGE" | xargs -r docker image rm --force >/dev/null || true
}
