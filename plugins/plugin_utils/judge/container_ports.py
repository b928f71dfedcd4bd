# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that a container wants of its host and that somebody else holds: joins the containers with the section ports.

Private to the collection.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import port_words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import Rules, running
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy

CHECK = "port"

# What engines let listen on the host in place of a container.
_PROXIES = frozenset({"docker-proxy", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "passt", "conmon", "exe"})
_FREE = remedy("rebind", "Stop what holds the port, or give one of the two another port; then start the container.")


def ports(rules: Rules) -> list[Check]:
    """Return a finding for each port of the host that is bound for a container and held by something else.

    Without the section ports nothing is said. A listener whose owner could not be seen proves nothing while the
    container runs: it may be the engine's.
    """
    seen: Details | None = rules.scope.context.seen.get("ports")
    if seen is None:
        return []
    return [
        _held(rules, bound, holders[0])
        for bound in rules.one["ports"]["bound"]
        if (holders := [one for one in seen["listeners"] if _takes(one, bound, running(rules.one))])
    ]


def _takes(listener: Details, bound: Details, runs: bool) -> bool:
    _port, _slash, proto = str(bound["port"]).partition("/")
    if (listener["proto"], listener["port"]) != (proto or "tcp", bound["host_port"]):
        return False
    if not (
        port_words.covers(listener["address"], bound["address"])
        or port_words.covers(bound["address"], listener["address"])
    ):
        return False
    if listener["pid"] is None:
        return not runs
    return listener["name"] not in _PROXIES


def _held(rules: Rules, bound: Details, holder: Details) -> Check:
    state = "runs without it" if running(rules.one) else f"is {rules.one['state']}"
    error = f" ({rules.one['error']})" if rules.one["error"] else ""
    return rules.scope.failed(
        CHECK,
        f"{rules.name}:{bound['port']}",
        rules.level(CHECK),
        f"{rules.name} is to have port {bound['host_port']} of {rules.host}, which {port_words.owner(holder)} holds at "
        f"{port_words.spot(holder)}; the container {state}{error}",
        state="failed",
        cause="port_conflict",
        remedy=_FREE,
        expected={"bound": dict(bound)},
        observed={"holder": port_words.shown(holder), "state": rules.one["state"], "error": rules.one["error"]},
    )
