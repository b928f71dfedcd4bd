# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tells of the answer of an endpoint, or of the output of a command, whether it holds what a check judged.
Private to the collection. Pure.

An answer can hold secrets: shown is whether a text is in it, or the one value that a check is about.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.assertions.shown import names_secret
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import searching

CHECKS = ("content", "output", "json", "fresh", "items")
"""The checks that are about what an answer holds."""

_LONGEST = 200
"""Of a longer text a check has only the beginning."""
_VALUE = "v=functools.reduce(lambda v,k:v[k],{steps!r},json.load(sys.stdin));"
_SIZE = 'print(type(v).__name__,len(v) if isinstance(v,(str,list,dict)) else "")'
_SHOW = "print(type(v).__name__,len(v)) if isinstance(v,(list,dict)) else print(json.dumps(v,ensure_ascii=False))"

Json = t.Mapping[str, t.Any]


def holds(check: Json) -> str:
    """Return what reads an answer from standard input and tells what a check judged of it; nothing where the check does
    not say what is looked for.
    """
    expected, name = check["expected"] or {}, check["check"]
    if name in ("content", "output"):
        return _text(expected)
    path = str(check["subject"]).removeprefix(f"{check['component']}:")
    if MARK in path:
        return ""
    try:
        steps = jsonpath.parse(path)
    except jsonpath.PathError:
        return ""
    shown = _SHOW
    if name == "items":
        shown = _SIZE
    elif names_secret(steps) or MARK in str((check["observed"] or {}).get("value")):
        # What was not there when the audit looked may be there by now.
        shown = _SIZE
    elif name == "fresh":
        shown = f"{_SHOW};print(time.time())"
    return searching.program(f"import functools,json,sys,time;{_VALUE.format(steps=list(steps))}{shown}")


def _text(expected: Json) -> str:
    for kind in ("contains", "not_contains", "matches"):
        wanted = str(expected.get(kind) or "")
        if not wanted or MARK in wanted or len(wanted) >= _LONGEST:
            continue
        if kind == "matches":
            script = (
                'import re,sys;x=sys.stdin.buffer.read().decode("utf-8","backslashreplace");'
                f'print("found" if re.search({wanted!r},x,re.M) else "not found")'
            )
        else:
            script = f'import sys;print("found" if {wanted.encode()!r} in sys.stdin.buffer.read() else "not found")'
        return searching.program(script)
    return ""
