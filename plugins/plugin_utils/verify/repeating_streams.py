# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show what a server of streams says, and a stream of it. Private to the collection. Pure."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.stream_commands import (
    redis_cli,
    redis_server,
)

_REDIS = {
    "answering": "PING",
    "memory": "INFO memory",
    "evictions": "INFO stats | grep evicted_keys",
    "slow_log": "SLOWLOG LEN",
    # Whether it asks for a password, beside who can reach it.
    "exposed": "PING",
}
_LISTENS = "ss -ltnp"
_STATS = {"memory": "bytes", "evictions": "evictions"}
_ENTRIES = 20

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what shows a server, or a stream of it; nothing where no command does.

    ``known`` has ``servers``: how the contract reaches each (``tls``, ``password_from``), by its name there; and
    ``ask``, the client of the engine.
    """
    expected = check["expected"] or {}
    address, stream = plain(redis_server(expected)), plain(str(expected.get("stream") or ""))
    if known.get("server") and not stream:
        # A server is called by its kind and its address.
        address, stream = (plain(str(known[key])) for key in ("server", "stream"))
        address = address.partition(" ")[2] if address else None
    servers = known.get("servers") or {}
    if address and stream:
        access = {**expected, **servers.get(f"redis {address}", {}), "ask": known.get("ask")}
        return _stream(check, redis_cli(address, access, plain), stream)
    kind, _space, server = str(check["component"]).partition(" ")
    named, access = plain(server), {**servers.get(str(check["component"]), {}), "ask": known.get("ask")}
    return _server(check["check"], kind, named, access) if named else _LISTENS


def _server(check: str, kind: str, address: str, access: Json) -> str:
    if kind == "redis":
        if check == "exposed":
            # Whether it asks for a password is seen without one.
            return f"{_LISTENS}; {redis_cli(address.rpartition('@')[2], {**access, 'password_from': None}, plain)} PING"
        ask = redis_cli(address, access, plain)
        return f"{ask} {_REDIS[check]}" if check in _REDIS else _LISTENS
    if check == "exposed":
        return _LISTENS
    host, _colon, port = address.rpartition(":")
    if kind == "memcached" and port.isdigit() and not host.startswith(("unix", "container")) and not access.get("tls"):
        place = shlex.quote(f"/dev/tcp/{host.strip('[]')}/{port}")
        ask = f"exec 3<>{place}; printf 'stats\\r\\nquit\\r\\n' >&3; cat <&3"
        return f"timeout 10 bash -c {shlex.quote(ask)}" + (f" | grep {_STATS[check]}" if check in _STATS else "")
    if kind == "influxdb":
        # It is called by its URL.
        tls = access.get("tls") or {}
        good = "" if tls.get("verify", True) else " -k"
        good += f" --cacert {shlex.quote(tls['ca'])}" if tls.get("ca") else ""
        return f"curl -sS -i --max-time 10 --noproxy '*'{good} -- {shlex.quote(f'{address}/health')}"
    return _LISTENS


def _stream(check: Json, ask: str, stream: str) -> str:
    name, kind = shlex.quote(stream), check["check"]
    whole = f"{ask} XLEN {name}; {ask} XINFO GROUPS {name}"
    group = _group(check)
    if kind == "fresh":
        # Its first and last entries are its content: their ids are times.
        return f"{ask} XINFO STREAM {name} | grep -A 1 -x last-generated-id; date +%s%3N"
    if kind in ("consumers", "idle", "pending") and group:
        return f"{whole}; {ask} XINFO CONSUMERS {name} {group}; {ask} XPENDING {name} {group}"
    # Of entries that could not be read no field is named.
    field = plain(str(check["subject"]).partition(f"{stream}:")[2]) if kind in ("fields", "values") else None
    if field:
        entries = (check["observed"] or {}).get("entries") or _ENTRIES
        return f"{ask} XREVRANGE {name} + - COUNT {entries} | {_content(kind, field)}"
    return whole


def _content(kind: str, field: str) -> str:
    """Return what counts how often a field is there, or each value of it: content can be a secret, and is not shown."""
    count = "sort | uniq -c | awk '{print $1}'"
    if "." in field:
        # It is in a field that holds JSON.
        key = f'"{field.rpartition(".")[2]}"[[:space:]]*:'
        if kind == "fields":
            return f"grep -c -e {shlex.quote(key)}"
        return f"grep -oE -e {shlex.quote(key + '[^,}]*')} | {count}"
    if kind == "fields":
        return f"grep -c -x -e {shlex.quote(field)}"
    return f"grep -A 1 -x -e {shlex.quote(field)} | grep -v -x -e {shlex.quote(field)} -e -- | {count}"


def _group(check: Json) -> str:
    """Return the group that a check is about, as its subject ends; nothing where it names none."""
    stream = str((check["expected"] or {}).get("stream") or "")
    rest = str(check["subject"]).partition(f"{stream}:")[2].partition(":")[0]
    group = plain(rest)
    return shlex.quote(group) if group else ""
