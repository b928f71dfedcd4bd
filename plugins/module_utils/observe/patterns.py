# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ordered path patterns, shipped by the control node as regular expressions. Private to the collection.

The control node compiles gitignore patterns (``plugin_utils/contract/patterns.py``); here they are only evaluated, so
that both sides give the same verdict.
"""

from __future__ import annotations

import re
import typing as t

Pairs = t.Sequence[t.Sequence[t.Any]]


class Patterns:
    """Ordered ``[regex, include]`` pairs; the last pair that matches a path decides."""

    def __init__(self, pairs: Pairs) -> None:
        self._rules = [(re.compile(regex).match, bool(include)) for regex, include in reversed(pairs)]
        union = "|".join(f"(?:{regex})" for regex, _include in pairs)
        # One combined expression answers "no pattern matches" for the many paths that none concerns.
        self._any = re.compile(union).match if pairs else None

    def __bool__(self) -> bool:
        return bool(self._rules)

    def verdict(self, path: str, is_dir: bool) -> bool | None:
        """Return whether the patterns include ``path`` (relative, no trailing slash), or None when none matches it."""
        if self._any is None:
            return None
        tested = path + "/" if is_dir else path
        if self._any(tested) is None:
            return None
        for match, include in self._rules:
            if match(tested) is not None:
                return include
        return None

    def ignored(self, path: str, is_dir: bool) -> bool:
        """Return whether the patterns, read as a gitignore, ignore ``path``."""
        return self.verdict(path, is_dir) is True

    def ignored_below(self, path: str) -> bool:
        """Return whether they ignore ``path``, a file, or a folder above it."""
        parents = [path[:place] for place, char in enumerate(path) if char == "/"]
        return any(self.ignored(parent, True) for parent in parents) or self.ignored(path, False)


def named(patterns: Patterns, path: str) -> bool:
    """Return whether patterns name a path, itself or a directory above it; what they say of itself counts first."""
    parts = path.strip("/").split("/")
    own = patterns.verdict("/".join(parts), False)
    if own is not None:
        return own
    return any(patterns.verdict("/".join(parts[:end]), True) for end in range(1, len(parts)))
