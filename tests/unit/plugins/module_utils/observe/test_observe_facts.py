# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The light sections as facts: complete, and what was not seen says why."""

from __future__ import annotations

import json

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.facts import SECTIONS, facts
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host


def test_every_section_says_whether_it_was_seen() -> None:
    found = facts(SECTIONS, Host("/", 30))
    assert list(found) == list(SECTIONS)
    assert found["processes"]["outcome"] == found["ports"]["outcome"] == found["resources"]["outcome"] == "ok"
    for section in found.values():
        assert section["outcome"] in ("ok", "unknown")
        assert bool(section["reason"]) == (section["outcome"] == "unknown")
    json.dumps(found)


def test_only_what_is_asked_for_is_returned() -> None:
    assert list(facts(["packages"], Host("/", 30))) == ["packages"]


def test_all_processes_are_listed_on_request() -> None:
    found = facts(["processes"], Host("/", 30), whole=True)["processes"]["data"]["processes"]
    assert 1 in {one["pid"] for one in found}


def test_no_time_left_is_no_empty_answer() -> None:
    found = facts(SECTIONS, Host("/", -1))
    assert {section["outcome"] for section in found.values()} == {"unknown"}
    assert all("time limit" in section["reason"] for section in found.values())
