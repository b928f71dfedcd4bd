# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for a server of the section streams: answering, memory, who can reach it. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number, size

DEFAULTS = {"answering": "high", "memory": "medium", "exposed": "high"}
"""The checks of a server and their severities where the contract gives none; the others only inform."""

_TOLD = {"evictions": "info", "slow_log": "info"}
_KINDS = {"redis": "Redis", "memcached": "Memcached", "influxdb": "InfluxDB"}
# From here on protected mode counts whatever addresses are configured: before, only without any.
_PROTECTED_ALWAYS = 7

_START = remedy("start", "Look at why it does not run or listens elsewhere (its log, its unit), then start it.")
_FREE = remedy("free_resources", "Look at what fills it (redis-cli --bigkeys, MEMORY STATS), and trim or give it more.")
_CLOSE = remedy(
    "rebind",
    "Bind it to 127.0.0.1 or to the address of a private network, or give it a password, and restart it. Until then, "
    "close the port in the firewall.",
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.graded import Graded

_LOOK = remedy("investigate", "Look at the slow commands (redis-cli SLOWLOG GET).")
_ROOM = remedy("free_resources", "Give it more memory if what it dropped is missed.")


class ServerRules:
    """The checks of one server. Of several entries that name it the strictest limits count, and the severities of those
    that are about the server itself, not about a stream.
    """

    def __init__(self, scope: Scope, entries: t.Sequence[Details], server: Details) -> None:
        given: dict[str, str] = {}
        for entry in entries:
            # A stream's severities are its own.
            given = {**(entry["severity"] if entry["stream"] is None else {}), **given}
        self._make = Graded(scope, given, {**DEFAULTS, **_TOLD})
        self._entries = entries
        self._server = server
        self._about: Details = server["about"] or {}
        self._address: str = server["address"]
        self._name = f"{_KINDS[server['kind']]} at {server['address']} of {scope.context.host}"

    def judge(self) -> list[Check]:
        if self._server["outcome"] == "silent":
            summary = f"{self._name} does not answer: {self._server['reason']}"
            return [self._make.failed("answering", self._address, summary, "failed", "not_answering", _START)]
        if self._server["outcome"] != "ok":
            summary = f"Whether {self._name} works is not known: {self._server['reason']}"
            return [self._make.unknown("answering", self._address, summary)]
        return [*self._answering(), *self._memory(), *self._exposed(), *self._evictions(), *self._slow_log()]

    def _answering(self) -> list[Check]:
        about = self._about
        up = f", up {duration(about['uptime_s'])}" if about["uptime_s"] is not None else ""
        summary = f"{self._name} answers: version {about['version']}{up}"
        if about.get("health") not in (None, "pass") or about.get("ready") is False:
            said = about.get("message") or about.get("health") or "it is not ready"
            summary = f"{self._name} answers and is not well: {said}"
            return [self._make.failed("answering", self._address, summary, "failed", "unhealthy", _START)]
        return [
            self._make.passed(
                "answering", self._address, summary, {"version": about["version"], "uptime_s": about["uptime_s"]}
            )
        ]

    def _memory(self) -> list[Check]:
        limits = [one["max_memory_percent"] for one in self._entries if one["max_memory_percent"] is not None]
        if not limits:
            return []
        memory, limit = self._about["memory"], min(limits)
        used = memory_percent(memory)
        if used is None:
            summary = f"{self._name} does not tell how much of its memory it uses"
            return [self._make.unknown("memory", self._address, summary)]
        of = "" if memory["max"] else " of the machine, since maxmemory is not set"
        most = memory["max"] or memory["system"]
        summary = f"{self._name} uses {size(memory['used'])}, {used:g} % of {size(most)}{of}"
        observed = {"used": memory["used"], "max": most, "percent": used}
        if used <= limit:
            return [self._make.passed("memory", self._address, summary, observed, {"max_memory_percent": limit})]
        summary += f"; at most {limit} % are allowed"
        return [
            self._make.failed(
                "memory",
                self._address,
                summary,
                "failed",
                "over_threshold",
                _FREE,
                observed,
                {"max_memory_percent": limit},
            )
        ]

    def _exposed(self) -> list[Check]:
        binding = self._server["binding"]
        strict = any(one["bind_local"] for one in self._entries)
        if binding["outcome"] == "not_asked" and not strict:
            return []
        if binding["open"] is None:
            summary = f"Where {self._name} can be reached from is not known: {binding['reason']}"
            return [self._make.unknown("exposed", self._address, summary)]
        summary = f"{self._name} listens at {', '.join(binding['addresses'])}"
        observed = {"addresses": binding["addresses"], "auth_required": self._about.get("auth_required")}
        if not binding["open"]:
            return [self._make.passed("exposed", self._address, summary, observed)]
        if strict:
            summary += ": it can be reached from other hosts, where the contract wants it local"
            return [
                self._make.failed(
                    "exposed", self._address, summary, "failed", "exposed", _CLOSE, observed, {"bind_local": True}
                )
            ]
        return [self._guarded(summary, observed)]

    def _guarded(self, summary: str, observed: Details) -> Check:
        """Judge a server that listens where others may come from: does it let them in?"""
        closed = self._about.get("auth_required")
        if closed:
            return self._make.passed("exposed", self._address, f"{summary}, and asks for a password", observed)
        protected, reason = self._protected()
        if protected:
            return self._make.passed(
                "exposed",
                self._address,
                f"{summary}, without a password; its protected mode answers only to its own host",
                observed,
            )
        if closed is None or protected is None:
            why = reason or "whether it asks for a password was not told"
            text = f"{summary}; whether it lets other hosts in is not known: {why}"
            return self._make.unknown("exposed", self._address, text)
        text = f"{summary} and asks for no password: whoever reaches this host can read and change what is in it"
        return self._make.failed("exposed", self._address, text, "failed", "exposed", _CLOSE, observed)

    def _protected(self) -> tuple[bool | None, str]:
        """Return whether Redis refuses other hosts by itself, and why that is not known."""
        if self._server["kind"] != "redis":
            return False, ""
        mode, bind = (self._about["settings"][name] for name in ("protected-mode", "bind"))
        if mode["reason"]:
            return None, f"protected-mode is not told, {mode['reason']}"
        if mode["value"] != "yes":
            return False, ""
        major = self._about["version"].partition(".")[0]
        if major.isdigit() and int(major) >= _PROTECTED_ALWAYS:
            return True, ""
        return (None, f"bind is not told, {bind['reason']}") if bind["reason"] else (not bind["value"], "")

    def _evictions(self) -> list[Check]:
        evicted = self._about.get("evicted")
        if evicted is None:
            return []
        observed = {"evicted": evicted}
        if not evicted:
            return [
                self._make.passed(
                    "evictions", self._address, f"{self._name} dropped nothing for want of memory", observed
                )
            ]
        summary = f"{self._name} dropped {number(evicted, 'key')} for want of memory since it started"
        return [self._make.failed("evictions", self._address, summary, "failed", "over_threshold", _ROOM, observed)]

    def _slow_log(self) -> list[Check]:
        told = (self._about.get("slow_log") or {}).get("value")
        if told is None:
            return []
        if not told["length"]:
            return [
                self._make.passed("slow_log", self._address, f"The slow log of {self._name} is empty", {"length": 0})
            ]
        summary = f"The slow log of {self._name} has {number(told['length'], 'entry', 'entries')}"
        if told["entries"]:
            worst = told["entries"][0]
            summary += f"; of the newest, {worst['command']} took longest: {worst['took_ms']:g} ms at {worst['at']}"
        observed = {"length": told["length"], "entries": told["entries"]}
        return [self._make.failed("slow_log", self._address, summary, "failed", "too_slow", _LOOK, observed)]


def memory_percent(memory: Details) -> float | None:
    """Return how much of the memory that it may take a server uses; without a limit, of the machine's."""
    most = memory.get("max") or memory.get("system")
    if memory.get("used") is None or not most:
        return None
    return round(100 * float(memory["used"]) / float(most), 1)
