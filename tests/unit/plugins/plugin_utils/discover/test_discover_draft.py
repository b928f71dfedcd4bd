# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was seen to a draft: what belongs to it, what does not, and that any name survives."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover import nodes, render
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.draft import Draft, draft
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.refine import learn, refine
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.services import services
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import roots
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories, Directory
from discover_seen import PYTHON, Json, application, listener, place, process, survey
from hypothesis import given
from hypothesis import strategies as st

GOLDEN = Path(__file__).parent / "golden"
SEEN = "2026-11-21T08:00:00Z"


class Loader(yaml.SafeLoader):
    """As Ansible reads a file of variables: !unsafe is text that is no template."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(t.cast(yaml.ScalarNode, node)))


def drafted() -> Draft:
    return draft(application(), "app1", "/srv/app", SEEN)


def loaded(text: str) -> Json:
    return t.cast(Json, yaml.load(text, Loader))


def test_a_draft_is_as_it_was() -> None:
    text = render.text(drafted(), "discovered/app1/app.baseline.json", "ansible-playbook …")
    assert text == (GOLDEN / "app.txt").read_text(encoding="utf-8")


def test_a_draft_is_a_valid_contract() -> None:
    values = loaded(render.text(drafted(), "b.json", ""))
    assert values["drift_contract"] == render.contract(drafted())
    settings = resolve(values, cwd="/home/ops")
    assert set(settings.contract) == {"git", "trees", "processes", "ports", "units", "packages", "resources"}


def test_what_no_contract_can_hold_is_left_out() -> None:
    own = {"cwd": "/srv/app/caf\\xe9", "venv": "/srv/app/new\nline"}
    made = draft(survey([process(7, "/srv/app/run", **own)], app=place()), "h", "/srv/app", SEEN)
    assert render.contract(made)["processes"][0].keys().isdisjoint({"cwd", "venv"})
    assert made.environments == [] and "no contract can hold its name" in made.left_out[0]
    own = {"cwd": "/srv/app/back\\\\slash"}
    made = draft(survey([process(7, "/srv/app/run", **own)], app=place()), "h", "/srv/app", SEEN)
    assert render.contract(made)["processes"][0]["cwd"] == "back\\slash"


def test_every_line_is_explained() -> None:
    """A key that is not explained on its line is a name, or stands below a line that explains it."""
    body = render.text(drafted(), "b.json", "").partition("\n\n")[2]
    bare = {line.strip().partition(":")[0] for line in body.splitlines() if "#" not in line}
    sections = {"git", "trees", "processes", "ports", "units", "packages", "resources", "exclude"}
    assert bare <= {"drift_reference", "drift_contract", *sections, "- name", "proto", "- port"}


def test_nothing_secret_and_no_template_is_in_a_draft() -> None:
    text = render.text(drafted(), "b.json", "")
    assert "<masked>" not in "".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    assert "{{" not in text


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (process(1, "/srv/app/venv/bin/python", "a.py", cwd="/srv/app/src", venv="/srv/app/venv"), "/srv/app"),
        (process(1, "python", "/srv/app/src/a.py"), "/srv/app"),
        (process(1, "./server", exe="/srv/app/bin/server", cwd="/srv/app/bin"), "/srv/app"),
        (process(1, "python", "a.py", cwd="/srv/other/sub"), "/srv/other/sub"),
        (process(1, "python", "a.py", cwd="/srv/other", venv="/srv/other/env"), "/srv/other"),
        (process(1, "python", "a.py", venv="/opt/tool/env"), "/opt/tool"),
        (process(1, "/opt/py/bin/python", "-m", "a", cwd="/srv/b", exe="/srv/app/bin/python3.11"), "/srv/b"),
        (process(1, "python", "-m", "a", cwd="/opt/x/y/z", venv="/opt/x/venv"), "/opt/x/y/z"),
        (process(1, "python", "-m", "a", cwd="/opt/x/src", venv="/opt/x/venv"), "/opt/x"),
        (process(1, "/usr/sbin/nginx", cwd="/", exe="/usr/sbin/nginx"), None),
        (process(1, "python", "a.py", cwd="/home/app"), None),
        (process(1, "python", "a.py", cwd="/srv/app (deleted)"), None),
        (process(1, "-bash", name="bash", cwd="/srv/app"), None),
        (process(1, "python", cwd="/srv/app"), None),
        (process(1, "python", "a.py", cwd="/srv/app", container="0123456789ab"), None),
        (process(1, "python", "a.py", cwd="/srv/app", ppid=77), None),
        (process(1, "python", "/usr/bin/ansible-playbook", "a.yml", cwd="/srv/app"), None),
    ],
)
def test_where_an_application_lives(seen: Json, expected: str | None) -> None:
    assert list(roots(survey([seen], app=place(".git")))) == ([expected] if expected else [])


def test_a_root_below_another_is_part_of_it() -> None:
    seen = survey(
        [process(1, "a", cwd="/srv/app"), process(2, "b", cwd="/srv/app/deploy"), process(3, "c", cwd="/srv/b")]
    )
    assert {root: len(found) for root, found in roots(seen).items()} == {"/srv/app": 2, "/srv/b": 1}


def test_a_pattern_matches_its_processes_and_no_other() -> None:
    mine = [process(1, "python", "-m", "http.server", "8001"), process(2, "python", "-m", "http.server", "8001")]
    other = process(3, "python", "-m", "http.server", "9000")
    found, left_out = services(mine, [*mine, other])
    assert [service.match for service in found] == [r"^python -m http\.server 8001$"] and not left_out
    twin = process(4, "python", "-m", "http.server", "8001", cwd="/elsewhere")
    reason = "processes 1, 2: no pattern tells python -m http.server apart from other processes"
    assert services(mine, [*mine, twin]) == ([], [reason])


def test_a_secret_argument_is_never_in_a_pattern() -> None:
    seen = process(1, PYTHON, "run.py", "--token=<masked>", "--verbose")
    assert services([seen], [seen])[0][0].match == rf"^{PYTHON} run\.py(?: |$)"
    hidden = process(2, "TOKEN=<masked>", "x")
    assert services([hidden], [hidden]) == (
        [],
        ["process 2 (TOKEN=<masked>): it has no arguments, or secret ones from the start"],
    )


def test_a_pattern_sees_the_arguments_themselves() -> None:
    """Evidence spells a backslash twice and a byte that is no UTF-8 by its number; a pattern is searched in neither."""
    argument = b"/srv/app/caf\xe9 back\\slash\nline"
    seen = process(1, show(argument))
    pattern = services([seen], [seen])[0][0].match
    assert re.search(pattern, argument.decode("utf-8", "surrogateescape")) and "\n" not in pattern
    pattern.encode("utf-8")


def finding(section: str, check: str, component: str, subject: str, outcome: str = "fail") -> Json:
    return {
        "section": section,
        "check": check,
        "component": component,
        "subject": subject,
        "outcome": outcome,
        "summary": f"{subject} is wrong",
    }


@pytest.mark.parametrize(
    ("found", "gone"),
    [
        (finding("git", "modified", ".", "a.py"), lambda made: made.git == "" and not made.clean),
        (finding("git", "repository", ".", "."), lambda made: made.git is None),
        (finding("trees", "content", "source", "data/x"), lambda made: "/data/x" in made.exclude),
        (finding("trees", "read", "source", "data", "unknown"), lambda made: "data is wrong" in made.unseen),
        (finding("processes", "code", "api", "api[4711]"), lambda made: made.young == {"worker"}),
        (finding("processes", "instances", "api", "api"), lambda made: [one.port for one in made.ports] == [9000]),
        (
            finding("ports", "address", "api", "tcp/127.0.0.1/8001"),
            lambda made: [one.port for one in made.ports] == [9000],
        ),
        (finding("ports", "read", "ports", "ports", "unknown"), lambda made: made.ports == []),
        (finding("units", "active", "api.service", "api.service"), lambda made: made.units == {}),
        (finding("packages", "version", "venv", "flask"), lambda made: made.environments[0].requirements is None),
        (
            finding("resources", "disk", "host", "disk /"),
            lambda made: made.resources and "disk_percent" in made.unjudged,
        ),
        (finding("resources", "read", "host", "host", "unknown"), lambda made: not made.resources),
    ],
)
def test_what_an_audit_would_find_is_left_out(found: Json, gone: t.Callable[[Draft], bool]) -> None:
    made = drafted()
    assert refine(made, [found]) == []
    assert gone(made)
    resolve({"drift_root": made.root, "drift_contract": render.contract(made)}, cwd="/")


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (
            [
                finding("processes", "code", "api", "api[1]:source"),
                finding("processes", "code", "api", "api[2]:source"),
            ],
            lambda made: made.young == {"worker"} and {one.name for one in made.services} == {"api", "worker"},
        ),
        (
            [finding("packages", "version", "venv", "flask"), finding("packages", "version", "venv", "jinja2")],
            lambda made: len(made.environments) == 1 and made.environments[0].requirements is None,
        ),
        (
            [finding("git", "modified", "repository", "."), finding("git", "stash", "repository", ". stash")],
            lambda made: made.git is not None and not made.clean,
        ),
    ],
)
def test_findings_of_one_kind_are_one_reason_to_ask_less(found: list[Json], kept: t.Callable[[Draft], bool]) -> None:
    made = drafted()
    assert refine(made, found) == []
    assert kept(made)
    said = " ".join([*made.left_out, made.clean_why])
    assert all(one["summary"] in said for one in found)


def test_an_observation_is_no_reason_to_leave_something_out() -> None:
    made = drafted()
    before = dataclasses.replace(made)
    assert refine(made, [finding("ports", "declared", "22/tcp", "tcp/0.0.0.0/22", "observation")]) == []
    assert made == before


def test_what_no_contract_can_say_is_left_out() -> None:
    made = drafted()
    made.units["<masked>.service"] = "supervises worker"
    render.drop_unfit(made)
    assert list(made.units) == ["api.service"] and len(made.services) == 2 and len(made.ports) == 2
    assert any(sentence.startswith("<masked>.service: ") for sentence in made.left_out)


def test_what_cannot_be_left_out_remains() -> None:
    assert refine(drafted(), [finding("run", "host", "host", "app1", "unknown")]) == ["app1 is wrong"]
    assert refine(drafted(), [finding("trees", "read", "source", ".", "unknown")]) == [". is wrong"]


def test_what_the_try_tells_is_added() -> None:
    made = drafted()
    sections = {
        "git": {"outcome": "ok", "data": {"repository": "present", "head": {"branch": "main"}}},
        "units": {"outcome": "ok", "data": {"units": [{"name": "api.service", "enabled": "enabled"}]}},
    }
    assert learn(made, sections, None)
    assert (made.git, made.enabled) == ("main", {"api.service"})
    assert not learn(made, sections, None)


NAMES = st.text(st.characters(blacklist_characters="\0/", blacklist_categories=["Cs"]), min_size=1, max_size=20)


@given(NAMES, NAMES, NAMES)
def test_any_name_survives(folder: str, word: str, user: str) -> None:
    seen = process(7, "/srv/app/run", show(word), cwd=show(f"/srv/app/{folder}"), user=user, exe=None)
    made = draft(survey([seen], [listener(7, 80, name=word)], app=place(".git")), "h", "/srv/app", SEEN)
    made.exclude[f"/{word}x"] = folder
    made.leave_out(word)
    text = render.text(made, f"discovered/{folder}/b.json", word, [user])
    assert loaded(text)["drift_contract"] == render.contract(made)
    assert re.search(made.services[0].match, f"/srv/app/run {word}") and "\n" not in made.services[0].match
    for line in text.splitlines():
        assert "{{" not in line or "!unsafe" in line or "#" in line


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_value_is_loaded_as_it_was(value: t.Any) -> None:
    assert loaded(f"key: {nodes.scalar(value)}\n") == {"key": value}


def test_what_moves_is_left_out_and_code_is_not() -> None:
    folders = {"logs/": ["a.txt"], "app/log/": ["__init__.py"], "app/__pycache__/": [], "app/tmp/": []}
    seen = Directories(
        {},
        [
            Directory(path, "00", "", "", len(names), json.dumps([[name] for name in names]).encode())
            for path, names in folders.items()
        ],
    )
    made = Draft("web1", "/srv/app", "2026-11-21T00:00:00Z")
    assert learn(made, {}, seen)
    assert set(made.exclude) == {"/logs/", "__pycache__/", "/app/tmp/"}
