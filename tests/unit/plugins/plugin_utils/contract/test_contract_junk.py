# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every section and variable that the documentation has an example of, with something wrong in it."""

from __future__ import annotations

import copy
import re
import typing as t
from pathlib import Path

import yaml
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import settings, sync, verify
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import OVERVIEWS, SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

DOCS = Path(__file__).resolve().parents[5] / "docs"
VARIABLE = re.compile("(drift|sync|verify)_")

JUNK: list[t.Any] = [
    *(None, True, 3, -1, 1.5, float("nan"), float("inf"), 10**400, 2026),
    *("", "x", "a\nb", "\0", "\ud800", "{{ x }}", "[", "(", "..", "/", "*", "-", "1h", "2026-99-99T00:00:00Z"),
    *([], {}, [None], [[]], [{}], {"x": 1}, {1: 2}, [["x"]]),
]


def examples(value: t.Any) -> t.Iterator[tuple[str, t.Any]]:
    """Yield each section, overview and variable in an example, with its value."""
    for name, child in value.items() if isinstance(value, dict) else ():
        if name in SECTIONS or name in OVERVIEWS or (VARIABLE.match(str(name)) and name != "drift_contract"):
            yield name, child
        yield from examples(child)


def documented() -> list[tuple[str, t.Any]]:
    found = []
    for page in sorted(DOCS.rglob("*.md")):
        for text in re.findall("```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            found += [(name, value) for name, value in examples(yaml.safe_load(text)) if value is not None]
    return found


EXAMPLES = documented()


def places(value: t.Any, path: tuple[t.Any, ...] = ()) -> list[tuple[t.Any, ...]]:
    """Return the way to each value of an example, the example itself first."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def resolve(name: str, value: t.Any) -> object:
    if name.startswith("sync_"):
        return sync.resolve({name: value})
    if name.startswith("verify_"):
        return verify.resolve({name: value}, cwd="/home/me/ops", now_s=0.0)
    given = {name: value} if name.startswith("drift_") else {"drift_contract": {"git": {}, name: value}}
    return settings.resolve({"drift_root": "/srv/app", **given}, cwd="/home/me/ops")


def test_each_section_has_an_example() -> None:
    assert {*SECTIONS, *OVERVIEWS} <= {name for name, _value in EXAMPLES}


@given(data=st.data())
@hypothesis_settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_wrong_is_told_and_nothing_breaks(data: st.DataObject) -> None:
    name, value = data.draw(st.sampled_from(EXAMPLES))
    holder = {"all": copy.deepcopy(value)}
    for _change in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(holder)[1:]))
        place: t.Any = holder
        for key in way:
            place = place[key]
        junk = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
        place[last] = data.draw(st.sampled_from([junk, [place[last]], {"x": place[last]}, str(place[last])[:99]]))
    try:
        resolve(name, holder["all"])
    except ContractError as error:
        assert error.errors
        assert all(" " in sentence and sentence.isprintable() for sentence in error.errors)
