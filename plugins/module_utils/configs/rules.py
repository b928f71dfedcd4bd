# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a contract says about a value itself, answered on the host. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.configs.canonical import canonical, is_type, number_in
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.globs import glob

_Json = t.Mapping[str, t.Any]


class Tests:
    """Tests of a contract, each for the keys that its ``key`` is or, with ``*`` and ``?``, stands for."""

    def __init__(self, tests: t.Iterable[_Json]) -> None:
        self._tests = [(glob(str(one["key"])), one) for one in tests]

    def answers(self, key: str, value: t.Any, typed: bool) -> dict[str, bool]:
        """Return whether a value holds, by the id of each test for its key. One that cannot be made is not in it."""
        made = {}
        for pattern, one in self._tests:
            if pattern.fullmatch(key):
                found = _holds(one, value, typed)
                if found is not None:
                    made[str(one["id"])] = found
        return made

    def names(self, key: str) -> bool:
        """Return whether there is a test for a key."""
        return any(pattern.fullmatch(key) for pattern, _one in self._tests)


def _holds(test: _Json, value: t.Any, typed: bool) -> bool | None:
    if "equals" in test:
        return canonical(value) == canonical(test["equals"])
    if "one_of" in test:
        return canonical(value) in {canonical(one) for one in test["one_of"]}
    if "type" in test:
        return is_type(value, test["type"], typed)
    if "matches" in test:
        try:
            return re.fullmatch(test["matches"], canonical(value)) is not None
        except re.error:
            # Not every Python understands every pattern: that is for the judge to say.
            return None
    number = number_in(value)
    if "min" in test:
        return number is not None and number >= test["min"]
    return number is not None and number <= test["max"]
