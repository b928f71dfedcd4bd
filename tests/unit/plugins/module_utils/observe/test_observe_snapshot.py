# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request's collectors: what one of them cannot do is its own unknown, and the others are heard."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import snapshot
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Json = t.Dict[str, t.Any]


def without_ssl(_spec: t.Any, _host: Host) -> Json:
    raise ImportError("No module named '_ssl'")


def blind(_spec: t.Any, _host: Host) -> Json:
    raise Unseen("it is dark")


@pytest.mark.parametrize(
    ("collect", "reason"),
    [
        (without_ssl, "this host's Python lacks a part of its standard library: No module named '_ssl'"),
        (blind, "it is dark"),
    ],
)
def test_what_a_collector_lacks_is_unknown(
    collect: t.Callable[[t.Any, Host], Json], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collectors = {"git": collect, "ports": lambda _spec, _host: {"listeners": []}}
    monkeypatch.setattr(snapshot, "collector", collectors.__getitem__)
    monkeypatch.setattr(snapshot.resource, "setrlimit", lambda _what, _limits: None)
    request = {"root": "/", "timeout_s": 60, "sections": {"git": {}, "ports": {}}}
    sections = snapshot.answer(request)["sections"]
    told = {key: sections["git"][key] for key in ("outcome", "reason", "data")}
    assert told == {"outcome": "unknown", "reason": reason, "data": {}}
    assert sections["ports"]["outcome"] == "ok"
