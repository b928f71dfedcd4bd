# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers one request: runs the collectors that it names, in one process, under one time limit. Private to the
collection.
"""

from __future__ import annotations

import os
import platform
import pwd
import resource
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import mask_answer, recognised
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.known import learn_secrets
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.registry import FOLLOW_UPS, SECTIONS, collector
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

PROTOCOL = 1


def answer(request: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the answer to a request; both shapes are in ``docs/design.md``."""
    # A core dump of a process that has read secrets would be a copy of them.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    os.nice(int(request.get("nice", 0)))
    key = request.get("key")
    host = Host(
        request["root"],
        float(request["timeout_s"]),
        int(request.get("workers", 0)),
        bytes.fromhex(key) if key else None,
    )
    started = _now()
    asked = request["sections"]
    host.public.update(value.strip() for value in request.get("public") or [])
    learn_secrets(request.get("secrets") or {}, host)
    changes = _changes(request["changes"], host) if request.get("changes") else None
    host.changes = changes
    sections = {name: _observe(name, asked[name], host) for name in SECTIONS + FOLLOW_UPS if name in asked}
    return {
        "protocol": PROTOCOL,
        "host": _about_host(),
        "started": started,
        "finished": _now(),
        "sections": mask_answer(sections, host.learned, asked),
        "changes": mask_answer({"changes": changes}, host.learned, request.get("changes"))["changes"],
        "learned": [keyed(host.key, value) for value in recognised(host.learned, asked)] if host.key else [],
    }


def _changes(asked: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    # Only here: a request without it comes without that code.
    from ansible_collections.evenkeel.drift.plugins.module_utils.observe.changes import look

    return look(asked, host)


def _observe(name: str, spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
    begun = time.monotonic()
    result: dict[str, t.Any] = {"outcome": "ok", "reason": "", "data": {}}
    try:
        host.check_time()
        result["data"] = collector(name)(spec, host)
    except Unseen as unseen:
        result.update(outcome="unknown", reason=unseen.reason)
    except ImportError as error:
        result.update(outcome="unknown", reason=f"this host's Python lacks a part of its standard library: {error}")
    result["seconds"] = round(time.monotonic() - begun, 3)
    return result


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _about_host() -> dict[str, str]:
    system = os.uname()
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    return {
        "hostname": system.nodename,
        "user": user,
        "python": platform.python_version(),
        "kernel": system.release,
        "system": system.sysname,
    }
