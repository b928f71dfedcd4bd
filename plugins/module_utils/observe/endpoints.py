# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section endpoints: asks HTTP endpoints and notes what they answer. Private to the collection."""

from __future__ import annotations

import functools
import json
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http.entry import Away, Entry, observe, unasked
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import parse
from ansible_collections.evenkeel.drift.plugins.module_utils.http.webhooks import look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "url": {"type": "str", "required": True},
    "method": {"type": "str", "choices": ["GET", "HEAD"], "default": "GET"},
    "timeout": {"type": "int", "default": 10},
    "redirects": {"type": "int", "default": 0},
    "ca": {"type": "path"},
    "verify": {"type": "bool", "default": True},
}

_AT_ONCE = 8
_SPARE_S = 5
_ANSWER = b"A"


def collect(spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    """Return what the endpoints in ``spec["endpoints"]`` answer (``docs/design.md``), in their order.

    They have half of the time that is left: trees come later, and need theirs whatever waits here.
    """
    seen = ask_all(list(spec["endpoints"]), host.share(host.time_left() / 2))
    return {**seen, "webhooks": look(spec.get("webhooks") or (), host)}


def ask_all(entries: t.Sequence[Entry], host: Host) -> dict[str, t.Any]:
    """Return what endpoints answer, in their order.

    Several servers are asked at once, the endpoints of one server one after another: they would slow each other down.
    """
    answers: dict[int, dict[str, t.Any]] = {}

    def receive(_kind: bytes, payload: bytes) -> None:
        number, answer = json.loads(payload)
        answers[number] = answer

    reasons = run_forked(
        [functools.partial(_ask, entries, numbers, host) for numbers in _shares(entries)], host, receive
    )
    missing = "; ".join(reasons) or "it was not asked"
    return {
        "now_s": time.time(),
        "endpoints": [answers.get(number) or unasked(entry, missing) for number, entry in enumerate(entries)],
    }


def ask_one(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what one endpoint answers; ``options`` are those of ARGUMENTS."""
    entry = {"name": "", "samples": 1, **options, "timeout_s": options["timeout"]}
    seen = ask_all([entry], Host("/", options["timeout"] + _SPARE_S))["endpoints"][0]
    return {key: value for key, value in seen.items() if key != "name"}


def _shares(entries: t.Sequence[Entry]) -> list[list[int]]:
    """Return who asks what: numbers of entries, those of one server together."""
    servers: dict[tuple[str, str, int], list[int]] = {}
    for number, entry in enumerate(entries):
        servers.setdefault(parse(entry["url"]).origin, []).append(number)
    shares: list[list[int]] = [[] for _worker in range(min(_AT_ONCE, len(servers)))]
    for place, numbers in enumerate(servers.values()):
        shares[place % _AT_ONCE] += numbers
    return shares


def _ask(entries: t.Sequence[Entry], numbers: t.Sequence[int], host: Host, channel: Channel) -> None:
    away: Away = {}
    for number in numbers:
        channel.send(_ANSWER, json.dumps([number, observe(entries[number], host, away)]).encode("ascii"))
        channel.flush()
