# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base and overlays of Compose files: together they give what each file gave."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.merge import PAIRS, merge_maps, named
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import mapped
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import load
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Seen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.offer import name
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.overlays import (
    BASE,
    overlays,
    split,
    written_text,
)
from hypothesis import given
from hypothesis import strategies as st
from proposals_seen import seen

Json = dict[str, t.Any]

STAGING = """
version: "3.8"
services:
  web:
    image: shop/web:1
    ports: ["8000:80"]
    environment: [MODE=test, "URL=http://api:8001", "TOKEN=${TOKEN}"]
    healthcheck: {test: [CMD, check], interval: 30s, retries: 3}
    networks: [front, back]
  db: {image: postgres, cpus: 0.5, read_only: true}
networks: {front: , back: }
"""
PROD = (
    STAGING.replace("8000:80", "80:80").replace("MODE=test", "MODE=live").replace("30s", "10s").replace("back]", "wan]")
)


def of(environment: str, file: str, content: str, **entry: t.Any) -> Seen:
    made = seen({"compose": [{"project": "bot", "directory": "bot", "files": [file], **entry}]}, host=environment)
    read = {f"bot/{file}": content.encode()}
    return made.__class__(**{**vars(made), "environment": environment, "repository": "/repo", "committed": read.get})


def whole(value: t.Any, key: str = "") -> t.Any:
    """Return a file in the form that all spellings of it share: an oracle of its own."""
    if key in PAIRS and value is not None:
        return dict(mapped(value))
    if key in ("networks", "depends_on") and isinstance(value, list):
        return named(value)
    return {one: whole(inner, one) for one, inner in value.items()} if isinstance(value, dict) else value


def test_what_all_files_say_stands_once() -> None:
    (one,) = overlays([of("staging", "staging.yml", STAGING), of("prod", "prod.yml", PROD)])
    assert sorted(one.files) == [BASE, "compose.prod.yaml", "compose.staging.yaml"]
    below = of("prod", "prod.yml", PROD, directory="/srv/app/bot")
    assert overlays([of("staging", "staging.yml", STAGING), below]) == [one]
    base, prod = (load(one.files[file].encode()) for file in (BASE, "compose.prod.yaml"))
    assert prod == {
        "services": {
            "web": {
                "ports": ["80:80"],
                "environment": {"MODE": "live"},
                "healthcheck": {"interval": "10s"},
                "networks": {"wan": None},
            }
        }
    }
    assert base["services"]["web"]["environment"] == {"URL": "http://api:8001", "TOKEN": "${TOKEN}"}
    assert base["services"]["db"] == {"image": "postgres", "cpus": 0.5, "read_only": True}
    assert merge_maps(base, prod) == whole(load(PROD.encode()))
    assert list(name([one])) == ["compose-overlay-bot"]
    assert not one.actions


def test_a_file_that_is_the_base_has_an_empty_overlay() -> None:
    given = (of("staging", "a.yml", STAGING), of("prod", "b.yml", PROD), of("local", "c.yml", PROD))
    assert len(overlays(given)[0].files) == 4
    same = (of("staging", "a.yml", STAGING), of("prod", "b.yml", STAGING))
    assert overlays(same)[0].files["compose.prod.yaml"] == "services: {}\n"


@pytest.mark.parametrize(
    "others",
    [
        [],
        [of("prod", "staging.yml", STAGING)],
        [of("prod", "prod.yml", "services: {web: {image: [}}")],
        [of("prod", "prod.yml", "services: {other: {image: x}}")],
        [of("prod", "prod.yml", PROD.replace("${TOKEN}", "hunter2hunter2hunter2"))],
        [of("prod", "prod.yml", PROD.replace("MODE=live", "DB_PASSWORD=${PW:-hunter2hunter2}"))],
        [of("prod", "prod.yml", PROD.replace("shop/web:1", "!reset null"))],
    ],
)
def test_other_files_are_left_as_they_are(others: list[Seen]) -> None:
    assert overlays([of("staging", "staging.yml", STAGING), *others]) == []


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "${X}", "a b", "1", ""]))
KEYS = st.sampled_from(
    ["environment", "ports", "command", "networks", "deploy", "labels", "image", "volumes", "test", "x-y"]
)
WORDS = st.lists(st.sampled_from(["A=1", "B=2", "B=3", "c"]), max_size=3, unique_by=lambda one: one.split("=")[0])
VALUES = st.recursive(SCALARS | WORDS, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6)
DOCUMENTS = st.fixed_dictionaries(
    {"services": st.dictionaries(st.sampled_from(["web", "db"]), st.dictionaries(KEYS, VALUES, max_size=4), max_size=2)}
)


@given(st.dictionaries(st.sampled_from(["prod", "staging", "local"]), DOCUMENTS, min_size=2))
def test_base_and_overlay_give_the_same(documents: dict[str, Json]) -> None:
    made = split(documents)
    if made is None:
        return
    base, rest = made
    for environment, one in documents.items():
        assert whole(merge_maps(base, rest[environment])) == whole(one)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        VALUES | st.text() | st.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
        max_size=4,
    )
)
def test_a_file_is_read_as_it_was_written(content: Json) -> None:
    text = written_text(content)
    assert load(text.encode()) == content
