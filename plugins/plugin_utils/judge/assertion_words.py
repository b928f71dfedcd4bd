# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the assertions about a content say in words, for endpoints and commands. Private to the collection."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Details

_LONG = 80

_RULES = {
    "equals": "should be {}",
    "min": "should be at least {}",
    "max": "should be at most {}",
    "one_of": "should be one of {}",
    "matches": "should match {}",
    "type": "should be of type {}",
}


def quoted(text: str) -> str:
    """Return a text in quotes, cut to what a sentence can hold."""
    return json.dumps(text if len(text) <= _LONG else f"{text[:_LONG]}…", ensure_ascii=False)


def value(wanted: t.Any) -> str:
    """Return a value of a contract as JSON spells it, cut to what a sentence can hold."""
    text = json.dumps(wanted, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def text_sentence(result: Details, what: str) -> str:
    """Return whether a text or pattern is in something, as a clause."""
    there = result["holds"] != (result["kind"] == "not_contains")
    if result["kind"] == "matches":
        return f"{what} {'matches' if there else 'does not match'} {quoted(result['subject'])}"
    return f"{what} {'contains' if there else 'does not contain'} {quoted(result['subject'])}"


def json_sentence(result: Details, rules: Details) -> str:
    """Return what stands at a path and what should."""
    path = result["subject"]
    if result["missing"]:
        return f"{path} is not there: {result['missing']}"
    said = f"{path} is {result['shown']}"
    if "exists" in result["broken"]:
        return f"{said} and should not be there"
    wanted = [_RULES[rule].format(value(rules.get(rule))) for rule in result["broken"]]
    return f"{said} and {', '.join(wanted)}" if wanted else said
