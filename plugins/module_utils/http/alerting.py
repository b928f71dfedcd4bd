# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends one marked test message to each alert channel that is named, from the host that has its address: the one thing
of a verification that others see. Private to the collection.

The address is a secret, and no text that a server or a library says comes back: only words of closed lists.
"""

from __future__ import annotations

import json
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.env_value import find_value
from ansible_collections.evenkeel.drift.plugins.module_utils.http.ask import Asked, ask
from ansible_collections.evenkeel.drift.plugins.module_utils.http.connection import Trust
from ansible_collections.evenkeel.drift.plugins.module_utils.http.limit import Failure
from ansible_collections.evenkeel.drift.plugins.module_utils.http.url import BadUrl, parse
from ansible_collections.evenkeel.drift.plugins.module_utils.http.webhooks import is_placeholder, judge_address
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_TIMEOUT_S = 15
_TOLD_BY = {"slack": "text", "teams": "text"}
_TAKEN = range(200, 300)

Json = t.Dict[str, t.Any]


def answer(request: t.Mapping[str, t.Any]) -> Json:
    """Send, and return ``{channels: [{name, outcome, status, failure, stage, at_s}]}``.

    ``request`` has ``root``, ``message``, and ``channels``, each with ``name`` and ``webhook: {file, key}``. An outcome
    is ``taken``, ``refused`` (by another status), ``failed`` (no answer: ``failure`` and ``stage`` as in
    ``limit.Failure``) or ``not_sent`` (``failure`` is ``unread missing malformed unsupported`` or ``unsure``).
    """
    host = Host(request["root"], (_TIMEOUT_S + 1) * len(request["channels"]) + 1)
    return {"channels": [_send(one, request["message"], host) for one in request["channels"]]}


def _send(entry: t.Mapping[str, t.Any], message: str, host: Host) -> Json:
    made: Json = {"name": entry["name"], "status": None, "stage": None, "at_s": round(time.time(), 3)}
    place = entry["webhook"]
    try:
        value = find_value(host.root, place["file"], place["key"])
    except Unseen:
        return {**made, "outcome": "not_sent", "failure": "unread"}
    if not value:
        return {**made, "outcome": "not_sent", "failure": "missing"}
    kind, problem = judge_address(value)
    if problem or is_placeholder(value):
        return {**made, "outcome": "not_sent", "failure": "malformed"}
    if kind == "telegram":
        # It needs a chat as well, which no address names.
        return {**made, "outcome": "not_sent", "failure": "unsupported"}
    body = json.dumps({_TOLD_BY.get(kind, "content"): message}).encode("ascii")
    headers = {"Content-Type": "application/json"}
    try:
        got = ask(parse(value), Asked("POST", headers, body, Trust(None, True), _TIMEOUT_S, 0), host)
    except BadUrl:
        return {**made, "outcome": "not_sent", "failure": "malformed"}
    except Unseen:
        return {**made, "outcome": "not_sent", "failure": "unsure"}
    except Failure as failure:
        return {**made, "outcome": "failed", "failure": failure.kind, "stage": failure.stage}
    taken = got.status in _TAKEN
    return {**made, "outcome": "taken" if taken else "refused", "failure": None, "status": got.status}
