# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitignore patterns as ordered ``[regex, include]`` pairs, in which form they travel. Private to the collection.

``module_utils/observe/patterns.py`` evaluates them on a host: the last pair that matches decides.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.gitglob import translate
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.pattern_errors import Hopeless, PatternError

MAX_PATTERN = 4096
"""Longest pattern, in characters: no longer than the longest path."""

Pairs = list[list[t.Any]]
"""``[[regex: str, include: bool], ...]``, in the order of the patterns."""


def compile_lines(lines: t.Sequence[str], base: str = "") -> Pairs:
    """Compile patterns that a walker asks on its way down: what they exclude it does not enter.

    A pair matches the path of the excluded file or directory itself, not the paths below it.

    ``base`` is the directory below which the patterns hold. Paths are text as Python spells file names.
    Raises :class:`PatternError` for a pattern that can never match.
    """
    return [_pair(line, base, below=False) for line in lines]


def compile_selection(lines: t.Sequence[str]) -> Pairs:
    """Compile patterns that are asked about single paths without their parents: ``docs/`` matches ``docs/a/b.md`` too.

    For severities, secret files and the like. Raises :class:`PatternError` for a pattern that can never match.
    """
    return [_pair(line, "", below=True) for line in lines]


def compile_gitignores(files: t.Mapping[str, str]) -> Pairs:
    """Compile the text of every ``.gitignore`` of a repository, as git reads them: the deepest has the last word.

    ``files`` is keyed by path. The paths, and those that the pairs match, are relative to the repository's root, which
    is the host's ``drift_root``: a file above a tree counts in it too. Paths and text are UTF-8 decoded with
    ``surrogateescape``. A pattern that can never match is passed over, as git does. Raises :class:`PatternError` for
    one that is too long.
    """
    pairs: Pairs = []
    for path in sorted(files, key=lambda name: (name.count("/"), name)):
        base = path.rpartition("/")[0]
        for line in files[path].removeprefix("\ufeff").split("\n"):
            kept = _strip(line.removesuffix("\r").partition("\0")[0])
            if kept and not kept.startswith("#"):
                try:
                    pairs.append(_pair(kept, base, below=False))
                except Hopeless:
                    continue
    return pairs


def _pair(line: str, base: str, below: bool) -> list[t.Any]:
    if len(line) > MAX_PATTERN:
        raise PatternError(f"pattern {line[:40]!r}... is longer than {MAX_PATTERN} characters")
    try:
        return [_regex(line, base, below), not line.startswith("!")]
    except Hopeless as reason:
        raise Hopeless(f"pattern {line!r} can never match: {reason}") from reason
    except PatternError as reason:
        raise PatternError(f"pattern {line!r} cannot be used: {reason}") from reason


def _regex(line: str, base: str, below: bool) -> str:
    glob = _strip(line)
    if not glob or glob.startswith("#"):
        raise Hopeless("it is a comment" if glob else "it is blank")
    return translate(glob.removeprefix("!"), base, below)


def _strip(line: str) -> str:
    """Return a line without its trailing spaces, as git reads it: a backslash keeps the space behind it.

    pathspec 1.1.1 strips tabs as well, which are part of a name for git.
    """
    end = 0
    at = 0
    while at < len(line):
        escaped = line[at] == "\\"
        if escaped and at + 1 == len(line):
            return line
        at += 2 if escaped else 1
        if escaped or line[at - 1] != " ":
            end = at
    return line[:end]
