# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's source without what only people read, so that a host is sent a quarter less. Private to the collection.

All sources of a run go through here in each of its processes, so this reads them as text: parsing them takes ten times
as long. A test holds what is left to what Python itself finds in both.
"""

from __future__ import annotations

import re

_PART = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|\'\'\'(?:\\.|[^\\])*?\'\'\'"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])*'"
    r"|[ \t]*#[^\n]*"
    r"|[()\[\]{}]",
    re.DOTALL,
)
# Not empty: of a dataclass without words of its own Python makes some, which takes longer than reading these.
_WORDS = '"-"'


def bare(source: str) -> str:
    """Return Python source that does the same on the same lines, without comments and with no words in its docstrings.

    A docstring is a string of three double quotes that is a statement of its own. f-strings have no quotes of their own
    kind inside, as before Python 3.12.
    """
    depth = 0

    def kept(found: re.Match[str]) -> str:
        nonlocal depth
        part = found.group()
        if part in "([{":
            depth += 1
        elif part in ")]}":
            depth -= 1
        elif part.lstrip(" \t").startswith("#"):
            return ""
        elif depth == 0 and part.startswith('"""') and _is_statement(source, *found.span()):
            return _WORDS + "\n" * part.count("\n")
        return part

    return _PART.sub(kept, source)


def _is_statement(source: str, start: int, end: int) -> bool:
    line = source.rfind("\n", 0, start) + 1
    goes_on = source.endswith("\\\n", 0, line)
    return source[end : end + 1] in ("", "\n") and not goes_on and not source[line:start].strip(" ")
