# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about one container: that it runs, is well, stays within its limits, and is what was deployed.

Private to the collection.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import container_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

DEFAULTS = {
    "running": "high",
    "health": "high",
    "oom": "high",
    "restarts": "medium",
    "memory": "high",
    "memory_limit": "medium",
    "layer": "high",
    "image_current": "high",
    "exposed": "high",
    "port": "high",
    "compose": "high",
    "present": "critical",
    "image": "high",
    "user": "medium",
    "networks": "high",
    "declared": "high",
}
"""The checks of this section and their severities where the contract gives none."""

_NEAR = 0.9
_KILLED = 128 + 9
_ALIVE = ("running", "paused", "restarting")
_ALWAYS = ("always", "unless-stopped")

_LOOK = remedy("read_log", "Read its log (docker logs --tail 100) for the reason, then have it started again.")
_START = remedy("start", "Find out who stopped it and why, then start it, or correct its restart policy.")
_STOP = remedy("stop_instance", "Stop it, or correct the contract.")
_HEAL = remedy("fix_service", "Do what its health check complains of; restarting it alone does not remove the reason.")
_MEMORY = remedy("free_resources", "Find out what needs the memory; give it more, or make it need less.")
_RECREATE = remedy("recreate", "Recreate the container, so that what was built or pulled does run.")
_KEEP = remedy("investigate", "Keep its image under a name of its own, or recreate the container from the wanted one.")
_COMPOSE = remedy(
    "declare", "Write it into a Compose file and have Compose make it: nothing says how to make it again."
)
_BIND = remedy("rebind", "Publish the port on 127.0.0.1, or have a firewall keep others away and waive this.")


def running(one: Details) -> bool:
    """Return whether a container runs, be it between two tries."""
    return one["state"] in _ALIVE


def published(one: Details) -> list[str]:
    """Return the published ports as ``docker ps`` shows them."""
    return [f"{words.endpoint(port)}->{port['port']}" for port in one["ports"]["published"]]


class Rules:
    """The checks of one container. ``unread`` gives the reason for each thing that could not be read."""

    def __init__(self, scope: Scope, contract: Details, one: Details, unread: t.Mapping[str, str]) -> None:
        self.scope = scope
        self.contract = contract
        self.one = one
        self.unread = unread
        self.name: str = one["name"]
        self.host = scope.context.host

    @staticmethod
    def level_of(contract: Details, check: str) -> str:
        """Return the severity of a check. What is not asked for is only told, whatever severity the section has."""
        given: t.Mapping[str, str] = contract.get("severity") or {}
        asked = {
            "exposed": contract["bind_local"],
            "compose": contract["require_compose"],
            "layer": contract["no_layer_changes"] is not None,
            "declared": contract["only_expected"],
        }
        return given.get(check) or DEFAULTS[check] if asked.get(check, True) else "info"

    def judge(self, entry: Details | None) -> list[Check]:
        """Return the checks; ``entry`` is the container's own in ``expected``, if it has one."""
        checks = self._running(entry)
        if self.contract["all_healthy"]:
            checks += self._health()
        checks += self._oom()
        if self.contract["max_restarts"] is not None:
            checks.append(self._restarts())
        checks += self._memory()
        if running(self.one):
            checks += self._image()
            checks += self._exposed()
        if self.contract["require_compose"]:
            checks.append(self._compose())
        return checks

    def level(self, check: str) -> str:
        return self.level_of(self.contract, check)

    def _running(self, entry: Details | None) -> list[Check]:
        state, one = self.one["state"], self.one
        observed = {key: one[key] for key in ("state", "exit_code", "started", "finished", "restarts", "error")}
        observed = {**observed, "restart_policy": words.policy(one), "log": one["log"]}
        if entry is not None and not entry["running"]:
            if not running(one):
                return [self.passed("running", f"{self.name} does not run on {self.host}, as declared", observed)]
            said = f"{self.name} is {state} on {self.host} since {one['started']}, where the contract wants it not to"
            return [self.failed("running", said, "unexpected", "only_on_host", _STOP, observed)]
        if state == "running":
            said = f"{self.name} runs on {self.host} since {one['started']}"
            return [self.passed("running", said, observed)]
        if state == "restarting":
            said = (
                f"{self.name} does not stay up on {self.host}: restarted {number(one['restarts'], 'time')}, it last "
                f"{words.ended(one)}{words.last_words(one)}"
            )
            return [self.failed("running", said, "failed", "restarting", _LOOK, observed)]
        if entry is None and not self._should_run():
            return self._ended(observed)
        why = "the contract expects it to run" if entry else f"its restart policy is {words.policy(one)}"
        if state in ("exited", "dead"):
            said = (
                f"{self.name} does not run on {self.host}, though {why}: it {words.ended(one)}{words.last_words(one)}"
            )
            cure = _LOOK if one["exit_code"] else _START
            return [self.failed("running", said, "failed", "exited", cure, observed)]
        error = f" ({words.quoted(one['error'])})" if one["error"] else ""
        said = f"{self.name} is {state} on {self.host}, though {why}{error}"
        return [self.failed("running", said, "failed", "not_running", _START, observed)]

    def _ended(self, observed: Details) -> list[Check]:
        """Return a note about a container that failed and need not run: it may have had work to do."""
        one = self.one
        if not one["exit_code"] or one["state"] not in ("exited", "dead"):
            return []
        said = f"{self.name} need not run on {self.host}, but {words.ended(one)}{words.last_words(one)}"
        return [
            self.scope.failed(
                *("running", self.name, "info", said),
                state="failed",
                cause="exited",
                remedy=_LOOK,
                observed=observed,
            )
        ]

    def _should_run(self) -> bool:
        """Return whether the container's own settings say that it runs now."""
        one = self.one
        if one["state"] == "paused":
            return True
        if one["compose"] and one["compose"]["oneoff"]:
            return False
        name = one["restart_policy"]["name"]
        return name in _ALWAYS or (name == "on-failure" and one["exit_code"] != 0)

    def _health(self) -> list[Check]:
        health = self.one["health"]
        if health is None or not running(self.one):
            return []
        last = f"{health['ended']}" if health["ended"] else "not yet"
        observed = {**health, "log": self.one["log"]}
        if health["status"] == "healthy":
            said = f"{self.name} is healthy on {self.host}, last checked {last}"
            return [self.passed("health", said, observed)]
        if health["status"] == "starting":
            since = self.one["started"]
            said = f"Whether {self.name} is healthy on {self.host} is not known: it is starting since {since}"
            return [self.scope.unknown("health", self.name, self.level("health"), said, observed=observed)]
        output = f' and said "{words.quoted(health["output"])}"' if health["output"] else ""
        said = (
            f"{self.name} is {health['status']} on {self.host}: its health check failed "
            f"{number(health['failing'], 'time')} in a row, last at {last}{output}{words.last_words(self.one)}"
        )
        return [self.failed("health", said, "failed", "unhealthy", _HEAL, observed)]

    def _oom(self) -> list[Check]:
        limit = self.one["limits"]["memory"]
        observed = {"oom_killed": self.one["oom_killed"], "limit": limit, "restarts": self.one["restarts"]}
        if not self.one["oom_killed"] and self.one["exit_code"] == _KILLED:
            # Engines can miss it: the kernel's message and the end of the container race.
            if limit is None or not (self._should_run() or self.one["restarts"]):
                return []
            said = (
                f"Whether {self.name} was killed for want of memory on {self.host} is not known: it "
                f"{words.ended(self.one)}, its limit is {words.mebibytes(limit)}, and the engine does not say why"
            )
            return [self.scope.unknown("oom", self.name, self.level("oom"), said, observed=observed)]
        if not self.one["oom_killed"]:
            return [self.passed("oom", f"{self.name} was not killed for want of memory on {self.host}", observed)]
        within = (
            f"its limit is {words.mebibytes(limit)}" if limit else "it has no limit of its own, the host had no more"
        )
        now = f"it runs since {self.one['started']}" if running(self.one) else f"it {words.ended(self.one)}"
        said = f"The kernel killed {self.name} on {self.host}, or a process in it, for want of memory: {within}; {now}"
        return [self.failed("oom", said, "failed", "oom_killed", _MEMORY, observed)]

    def _restarts(self) -> Check:
        most, count = self.contract["max_restarts"], self.one["restarts"]
        said = f"The engine restarted {self.name} on {self.host} {number(count, 'time')} since {self.one['created']}"
        observed = {"restarts": count, "created": self.one["created"]}
        wanted = {"max_restarts": most}
        if count <= most:
            return self.passed("restarts", said, observed, wanted)
        said += f", at most {most} are allowed: it last {words.ended(self.one)}{words.last_words(self.one)}"
        return self.failed("restarts", said, "failed", "restarted", _LOOK, observed, wanted)

    def _memory(self) -> list[Check]:
        service = (self.one["compose"] or {}).get("service")
        limits = self.contract["memory_mb"]
        most = limits.get(self.name, limits.get(service))
        own = self.one["limits"]["memory"]
        if self.one["state"] != "running" or (most is None and own is None):
            return []
        used = (self.one["usage"] or {}).get("memory")
        if used is None:
            reason = self.unread.get("usage") or "the engine does not say"
            said = f"How much memory {self.name} uses on {self.host} is not known: {reason}"
            check = "memory" if most is not None else "memory_limit"
            return [self.scope.unknown(check, self.name, self.level(check), said)]
        made = []
        observed = {"memory": used, "limit": own}
        text = f"{self.name} uses {words.mebibytes(used)} of memory on {self.host}"
        if most is not None:
            said, wanted = f"{text}, at most {most:g} MiB are allowed", {"memory_mb": most}
            if used <= most * (1 << 20):
                made.append(self.passed("memory", said, observed, wanted))
            else:
                made.append(self.failed("memory", said, "failed", "over_threshold", _MEMORY, observed, wanted))
        if own is not None:
            said, wanted = f"{text}, {used / own:.0%} of its limit of {words.mebibytes(own)}", {"below": _NEAR}
            if used <= own * _NEAR:
                made.append(self.passed("memory_limit", said, observed, wanted))
            else:
                said += ": beyond it the kernel kills it"
                made.append(self.failed("memory_limit", said, "failed", "over_threshold", _MEMORY, observed, wanted))
        return made

    def _image(self) -> list[Check]:
        image = self.one["image"]
        if "image" in self.unread:
            said = f"Whether {self.name} runs what {image['name']} is now is not known on {self.host}: "
            level = self.level("image_current")
            return [self.scope.unknown("image_current", self.name, level, said + self.unread["image"])]
        observed = {key: image[key] for key in ("name", "id", "digests", "revision", "created", "now")}
        short = words.short_id(image["id"])
        if image["now"] is None:
            said = f"{self.name} runs the image {short} on {self.host}: {image['now_reason']} ({image['name']})"
            if image["named"]:
                return [self._unnamed(said, observed)]
            return [self.passed("image_current", said, observed)]
        if image["now"] == image["id"]:
            said = f"{self.name} runs on {self.host} what {image['name']} is now ({short})"
            return [self.passed("image_current", said, observed)]
        revision = f", revision {image['revision']}" if image["revision"] else ""
        said = (
            f"{self.name} runs an older image on {self.host} than {image['name']} is now: {short} of "
            f"{image['created'] or 'an unknown time'}{revision}, while the name leads to "
            f"{words.short_id(image['now'])}: deployed, not running"
        )
        return [self.failed("image_current", said, "differs", "image_moved", _RECREATE, observed, {"id": image["now"]})]

    def _unnamed(self, said: str, observed: Details) -> Check:
        return self.scope.failed(
            *("image_current", self.name, "info", f"{said}: from here it cannot be made again as it is"),
            state="missing",
            cause=None,
            remedy=_KEEP,
            observed=observed,
        )

    def _exposed(self) -> list[Check]:
        made = []
        by_port: dict[str, list[Details]] = {}
        for port in self.one["ports"]["published"]:
            by_port.setdefault(port["port"], []).append(port)
        for port, bindings in sorted(by_port.items()):
            strict = self.contract["bind_local"]
            open_ones = [one for one in bindings if one["wildcard"] or (strict and not _is_loopback(one["address"]))]
            subject = f"{self.name}:{port}"
            where = words.listed([words.endpoint(one) for one in open_ones or bindings])
            said = f"{self.name} publishes its port {port} on {self.host} at {where}"
            observed = {"published": [dict(one) for one in bindings]}
            level = self.level("exposed")
            if open_ones:
                said += ": other machines reach it unless a firewall keeps them away"
                made.append(
                    self.scope.failed(
                        *("exposed", subject, level, said),
                        state="unexpected",
                        cause="exposed",
                        remedy=_BIND,
                        observed=observed,
                    )
                )
            else:
                made.append(self.scope.passed("exposed", subject, level, said, observed=observed))
        return made

    def _compose(self) -> Check:
        compose = self.one["compose"]
        if compose:
            observed = {"project": compose["project"], "service": compose["service"]}
            said = f"{self.name} on {self.host} is the service {compose['service']} of the project {compose['project']}"
            return self.passed("compose", said, observed)
        observed = {"image": self.one["image"]["name"], "created": self.one["created"]}
        said = f"{self.name} on {self.host} belongs to no Compose project: it was started by hand or by something else"
        return self.failed("compose", said, "unexpected", "outside_compose", _COMPOSE, observed)

    def passed(self, check: str, summary: str, observed: Details, expected: Details | None = None) -> Check:
        """Return a check about this container that passed."""
        return self.scope.passed(
            check, self.name, self.level(check), summary, observed=observed, expected=expected or {}
        )

    def failed(
        self,
        check: str,
        summary: str,
        state: str,
        cause: str | None,
        cure: Details,
        observed: Details,
        expected: Details | None = None,
    ) -> Check:
        """Return a check about this container that did not pass."""
        return self.scope.failed(
            *(check, self.name, self.level(check), summary),
            state=state,
            cause=cause,
            remedy=cure,
            observed=observed,
            expected=expected or {},
        )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
