# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another program wrote is read back as it was: PyYAML is the oracle."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import load
from hypothesis import given
from hypothesis import strategies as st

yaml = pytest.importorskip("yaml", reason="PyYAML is not on this machine")

_SIGNS = [
    " #",
    ": ",
    ":",
    "- ",
    "'",
    '"',
    "\n",
    "\n\n",
    " ",
    "  ",
    "[",
    "{",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "\\",
    "---",
    "~",
    "é",
    "\t",
    "a",
    "?",
]
texts = st.one_of(
    st.lists(st.sampled_from(_SIGNS), max_size=6).map("".join),
    st.sampled_from(["true", "017", ".inf", "<<", ""]),
)
# A key over several lines is written with a question mark, which is told as not supported.
keys = texts.filter(lambda text: "\n" not in text and "\t" not in text and len(text) < 60)
values = st.recursive(
    st.one_of(
        texts,
        st.none(),
        st.booleans(),
        st.integers(-(10**12), 10**12),
        st.floats(allow_nan=False, allow_infinity=False).map(lambda one: round(one, 3) if abs(one) < 1e9 else 0.5),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=15,
)


@given(
    value=values,
    flow=st.sampled_from([True, False, None]),
    style=st.sampled_from([None, "'", '"']),
    width=st.sampled_from([10, 40, 1000]),
    indent=st.sampled_from([2, 4]),
)
def test_what_pyyaml_writes_is_read_back(
    value: t.Any, flow: bool | None, style: str | None, width: int, indent: int
) -> None:
    text = yaml.safe_dump(
        value, default_flow_style=flow, default_style=style, width=width, indent=indent, allow_unicode=True
    )
    if "? " in text:
        return
    if "!!" in text:
        # With quotes for all, PyYAML tags what is no text: a quoted number is no number here.
        return
    assert load(text.encode()) == value


@given(text=st.text(alphabet=st.sampled_from("aab:: \n\n  --#'\"[]{},&*!|>%@?~\\.<"), max_size=30))
def test_whatever_both_read_is_the_same(text: str) -> None:
    """Text that both take has one meaning; much that the one takes is an error for the other."""
    try:
        ours = load(text.encode())
        theirs = yaml.load(text, Loader=yaml.BaseLoader)
    except (ValueError, yaml.YAMLError):
        return
    assert spelled(ours) == spelled(theirs), text


def spelled(value: t.Any) -> t.Any:
    """Return a value in which words that have a type here are nothing: the other loader has text alone."""
    if isinstance(value, dict):
        return {spelled(key): spelled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [spelled(one) for one in value]
    return value if isinstance(value, str) and value != "~" else ""
