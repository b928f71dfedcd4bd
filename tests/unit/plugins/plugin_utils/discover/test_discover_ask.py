# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a host: what it does not answer in the right form was not seen, and the draft says so."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.ask import Asker
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import Survey
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen, Limits
from discover_seen import Json, process

LISTENING: Json = {
    "listeners": [],
    "outcomes": {name: {"outcome": "ok", "reason": ""} for name in ("tcp", "tcp6", "udp", "udp6")},
    "declared_processes": {},
}


def asked(sections: Json, root: str | None = "/srv/app") -> Survey:
    """Ask a host that answers with these sections, whatever it is asked."""

    def send(request: Json) -> Json:
        found = {name: section for name, section in sections.items() if name in request["sections"]}
        return {"protocol": 1, "sections": found}

    return Asker("web1", "/", Limits(10, 1, 0), send).survey(root)


def ok(data: t.Any) -> Json:
    return {"outcome": "ok", "reason": "", "data": data}


def test_what_was_not_answered_was_not_seen() -> None:
    survey = asked({})
    assert (survey.processes, survey.ports, survey.places, survey.running()) == (None, None, {}, [])
    assert [sentence.partition(":")[0] for sentence in survey.unseen] == ["processes", "ports", "places"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"processes": [], "hidden": "", "total": 1},
        {"processes": [{"pid": 1}], "hidden": "", "total": 1, "unread": []},
        {"processes": [{**process(1, "a"), "argv": [1]}], "hidden": "", "total": 1, "unread": []},
        {"processes": 7, "hidden": "", "total": 1, "unread": []},
    ],
)
def test_processes_of_another_form_were_not_seen(data: Json) -> None:
    survey = asked({"processes": ok(data), "ports": ok(LISTENING), "places": ok({"places": {}})})
    assert survey.processes is None and survey.ports is not None
    assert [sentence.partition(":")[0] for sentence in survey.unseen] == ["processes"]


def test_a_reason_is_masked_and_a_place_that_cannot_be_looked_into_is_said() -> None:
    place = {"markers": [], "venvs": [], "reason": "permission denied"}
    unknown = {"outcome": "unknown", "reason": "https://u:hunter2@example.org is gone", "data": {}}
    survey = asked({"processes": unknown, "ports": ok(LISTENING), "places": ok({"places": {"/srv/app": place}})})
    assert "hunter2" not in "".join(survey.unseen) and survey.unseen[-1] == "/srv/app: permission denied"


def test_an_answer_of_no_form_at_all_is_the_host_unseen() -> None:
    with pytest.raises(HostUnseen, match="garbled"):
        Asker("web1", "/", Limits(10, 1, 0), lambda request: {"sections": 7}).survey(None)
