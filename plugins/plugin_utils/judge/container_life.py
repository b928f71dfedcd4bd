# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about how one container does: that it runs, is well, stays up and within its limits.

Private to the collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import container_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import Rules, running
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number

_NEAR = 0.9
_KILLED = 128 + 9
# The engine restarted it by itself within the last minute; or several times, and within the last ten.
_FRESH_S, _OFTEN_S, _OFTEN = 60, 600, 3
_ALWAYS = ("always", "unless-stopped")

_LOOK = remedy("read_log", "Read its log (docker logs --tail 100) for the reason, then have it started again.")
_START = remedy("start", "Find out who stopped it and why, then start it, or correct its restart policy.")
_STOP = remedy("stop_instance", "Stop it, or correct the contract.")
_HEAL = remedy("fix_service", "Do what its health check complains of; restarting it alone does not remove the reason.")
_MEMORY = remedy("free_resources", "Find out what needs the memory; give it more, or make it need less.")


class Life(Rules):
    """The checks of how one container does."""

    def judge(self, entry: Details | None, now_s: float) -> list[Check]:
        """Return the checks; ``entry`` is the container's own in ``expected``, if it has one, ``now_s`` when it was
        looked at.
        """
        checks = self._running(entry, now_s)
        if self.contract["all_healthy"]:
            checks += self._health()
        checks += self._oom()
        if self.contract["max_restarts"] is not None:
            checks.append(self._restarts())
        return checks + self._memory()

    def _running(self, entry: Details | None, now_s: float) -> list[Check]:
        state, one = self.one["state"], self.one
        observed = {key: one[key] for key in ("state", "exit_code", "started", "finished", "restarts", "error")}
        observed = {**observed, "restart_policy": words.policy(one), "log": one["log"]}
        if entry is not None and not entry["running"]:
            if not running(one):
                return [self.passed("running", f"{self.name} does not run on {self.host}, as declared", observed)]
            said = f"{self.name} is {state} on {self.host} since {one['started']}, where the contract wants it not to"
            return [self.failed("running", said, "unexpected", "only_on_host", _STOP, observed)]
        if state == "running" and not self._loops(now_s):
            said = f"{self.name} runs on {self.host} since {one['started']}"
            return [self.passed("running", said, observed)]
        if state in ("running", "restarting"):
            last = f", the last time at {one['started']}" if state == "running" else f"; it last {self._ending()}"
            said = (
                f"{self.name} does not stay up on {self.host}: restarted {number(one['restarts'], 'time')} since "
                f"{one['created']}{last}{words.last_words(one)}"
            )
            return [self.failed("running", said, "failed", "restarting", _LOOK, observed)]
        if entry is None and not self._should_run():
            return self._ended(observed)
        why = "the contract expects it to run" if entry else f"its restart policy is {words.policy(one)}"
        if state in ("exited", "dead"):
            said = f"{self.name} does not run on {self.host}, though {why}: it {self._ending()}{words.last_words(one)}"
            cure = _LOOK if one["exit_code"] else _START
            return [self.failed("running", said, "failed", "exited", cure, observed)]
        if state == "paused":
            said = f"{self.name} is paused on {self.host}: it answers nothing until it is continued"
            return [self.failed("running", said, "failed", "not_running", _START, observed)]
        error = f" ({words.quoted(one['error'])})" if one["error"] else ""
        said = f"{self.name} is {state} on {self.host}, though {why}{error}"
        return [self.failed("running", said, "failed", "not_running", _START, observed)]

    def _ended(self, observed: Details) -> list[Check]:
        """Return a note about a container that failed and need not run: it may have had work to do."""
        one = self.one
        if not one["exit_code"] or one["state"] not in ("exited", "dead"):
            return []
        said = f"{self.name} need not run on {self.host}, but {self._ending()}{words.last_words(one)}"
        return [
            self.scope.failed(
                *("running", self.name, "info", said),
                state="failed",
                cause="exited",
                remedy=_LOOK,
                observed=observed,
            )
        ]

    def _ending(self) -> str:
        """Return how it ended; who killed a program is not in its exit code."""
        limit = self.one["limits"]["memory"]
        if self.one["exit_code"] != _KILLED or self.one["oom_killed"] or limit is None:
            return words.ended(self.one)
        return (
            f"{words.ended(self.one)}, by force or for want of memory (its limit is {words.mebibytes(limit)}): the "
            "engine does not say"
        )

    def _loops(self, now_s: float) -> bool:
        """Return whether a container that runs at this moment was started again just before: it ends all the time."""
        if self.one["started_s"] is None or not self.one["restarts"]:
            return False
        up_s: float = now_s - self.one["started_s"]
        return up_s < _FRESH_S or bool(self.one["restarts"] >= _OFTEN and up_s < _OFTEN_S)

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
        if not self.one["oom_killed"]:
            # Engines can miss it: the kernel's message and the end of the container race.
            if self.one["exit_code"] == _KILLED:
                return []
            said = f"The engine of {self.host} notes no kill of {self.name} for want of memory"
            if self.one["restarts"] and self.one["state"] == "running":
                # It forgets with each start why the one before came to an end.
                said += f" since it was started at {self.one['started']}; of what ended it before it notes nothing"
            return [self.passed("oom", said, observed)]
        within = f"its limit is {words.mebibytes(limit)}" if limit else "it has no limit of its own"
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
