# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The hosts of the lab: containers that are ordinary machines with systemd and sshd. Sourced.
# shellcheck shell=bash

keys_up() {
  local key
  install -d -m 0700 "$STATE/keys"
  for key in lab host; do
    [[ -f $STATE/keys/$key.pub ]] || { rm -f "$STATE/keys/$key"; ssh-keygen -q -t ed25519 -N '' -C lab -f "$STATE/keys/$key"; }
  done
  echo "* $(cut -d ' ' -f 1,2 "$STATE/keys/host.pub")" >"$STATE/known_hosts"
}

network_up() {
  docker network inspect "$PREFIX" >/dev/null 2>&1 || docker network create --label "$LABEL=$PREFIX" "$PREFIX" >/dev/null
}

# start HOST MARK OPTION...: a new container that runs systemd. Capabilities rather than --privileged, which not every machine can give.
start() {
  local host=$1 mark=$2 options
  shift 2
  options=(--cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE --cap-add MKNOD
    --security-opt seccomp=unconfined --security-opt apparmor=unconfined
    --tmpfs /run --tmpfs /run/lock --tmpfs /tmp --volume /var/lib/docker --env container=docker)
  # With control groups of version 1, journald and the containers inside need the machine's own.
  [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]] || options+=(--cgroupns host --volume /sys/fs/cgroup:/sys/fs/cgroup:rw)
  timeout 300 docker run --detach --name "$host" --hostname "${host#"$PREFIX"-}" --network "$PREFIX" --label "$LABEL=$PREFIX" --label "$LABEL.checkout=$CHECKOUT" \
    --label "$LABEL.mark=$mark" --volume "$STATE/keys:/lab/keys:ro" "${options[@]}" "$@" "$IMAGE" >/dev/null
}

# is_up HOST MARK: it runs, is as its scripts say today, and was completed.
is_up() {
  [[ $(docker inspect --format "{{.State.Running}} {{index .Config.Labels \"$LABEL.mark\"}}" "$1" 2>/dev/null) == "true $2" ]] &&
    timeout 60 docker exec "$1" test -e /run/lab/ready
}

is_running_systemd() { timeout 10 docker exec "$1" systemctl is-system-running 2>/dev/null | grep -qE '^(running|degraded)$'; }

# plant HOST ROLE: deploy the application, and plant the faults, by the script of that role.
plant() {
  local log=$STATE/${1#"$PREFIX"-}.log # Several hosts may be planted beside each other by one script.
  wait_until 180 "$1 has started" is_running_systemd "$1" || { docker logs --tail 20 "$1" >&2; die "$1 does not start"; }
  docker exec "$1" mkdir -p /run/lab
  tar -C "$LAB/hosts" -c common.sh "$2.sh" -C "$STATE" virtuoso.bundle |
    timeout 60 docker exec --interactive "$1" tar -x -C /run/lab
  if ! timeout 600 docker exec "$1" bash "/run/lab/$2.sh" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    docker exec "$1" journalctl --quiet --no-pager --lines 20 >&2 || true
    die "the host $1 could not be made; more in $log"
  fi
  docker exec "$1" touch /run/lab/ready
}

host_up() {
  local name=$PREFIX-$1 role=$1 mark=$2
  is_up "$name" "$mark" && return
  say "making the host $name"
  docker rm --force --volumes "$name" >/dev/null 2>&1 || true
  start "$name" "$mark"
  plant "$name" "$role"
}

# The repository that the hosts are compared with; an audit may be reading it, so it is made only when it would be another.
reference_up() {
  local mark
  mark=$(digest "$LAB/virtuoso" "$LAB/reference.py")
  [[ $(cat "$STATE/reference.mark" 2>/dev/null) == "$mark" ]] && return
  rm -rf "$STATE/reference.mark" "$STATE/reference"
  python3 "$LAB/reference.py" "$STATE/reference"
  git -C "$STATE/reference" bundle create --quiet "$STATE/virtuoso.bundle" HEAD main
  echo "$mark" >"$STATE/reference.mark"
}

hosts_up() {
  local mark jobs=() job
  reference_up
  mark=$(digest "$LAB/hosts" "$LAB/virtuoso" "$LAB/reference.py" "$STATE/keys")-${IMAGE##*:}
  for role in staging prod; do
    host_up "$role" "$mark" &
    jobs+=("$!")
  done
  for job in "${jobs[@]}"; do wait "$job" || die "the lab is not complete; make lab-down removes what there is"; done
}

address() { docker inspect --format "{{(index .NetworkSettings.Networks \"$PREFIX\").IPAddress}}" "$1"; }

# inventory HOST...: of these hosts, beside the group variables of the lab.
inventory() {
  local host
  mkdir -p "$STATE/inventory"
  ln -sfn "$LAB/group_vars" "$STATE/inventory/group_vars"
  {
    printf -- '---\n# Made by make lab.\nlab:\n  vars:\n'
    printf '    lab_state: %s\n' "$STATE"
    printf '  hosts:\n'
    for host in "$@"; do printf '    %s: {ansible_host: %s, lab_role: %s}\n' "$host" "$(address "$host")" "${host#"$PREFIX"-}"; done
  } >"$STATE/inventory/hosts.yml"
}
