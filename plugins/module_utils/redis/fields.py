# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a stream's entry, and what is inside of one that holds JSON. Private to the collection."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath


class Fields:
    """The fields of one entry. What is looked up in a field that holds JSON is read once."""

    def __init__(self, fields: t.Mapping[bytes, bytes]) -> None:
        self.names = list(fields)
        self._fields = fields
        self._documents: dict[bytes, t.Any] = {}

    def value(self, name: str) -> bytes | None:
        """Return the value of a field, None when the entry has none of this name.

        ``data.price`` is a field of that name, or else ``price`` in the JSON that the field ``data`` holds. There, what
        is no text is told as JSON spells it.
        """
        plain = self._fields.get(name.encode("utf-8"))
        if plain is not None:
            return plain
        try:
            first, *rest = jsonpath.parse(name)
            if not rest or not isinstance(first, str):
                return None
            found = jsonpath.get(self._document(first.encode("utf-8")), rest)
        except (jsonpath.PathError, jsonpath.Missing):
            return None
        spelled = found if isinstance(found, str) else json.dumps(found, sort_keys=True)
        return spelled.encode("utf-8", "surrogatepass")

    def _document(self, name: bytes) -> t.Any:
        """Return what a field holds as JSON. Raises Missing."""
        if name not in self._documents:
            try:
                self._documents[name] = json.loads(self._fields.get(name, b""))
            except (ValueError, RecursionError):
                self._documents[name] = None
        return self._documents[name]
