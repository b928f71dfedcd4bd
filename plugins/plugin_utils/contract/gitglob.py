# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One gitignore pattern as a regular expression: pathspec translates it. Private to the collection.

What pathspec 1.1.1 reads otherwise than git is spelled differently for it (:class:`_Speller`), and its expression is
changed in two ways: it matches the path itself and not those below it, and no wildcard tries a place twice.

Paths are text as Python spells file names (UTF-8, ``surrogateescape``). ``?`` is one character, where git counts bytes.
"""

from __future__ import annotations

import re

from ansible.errors import AnsibleError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.brackets import bracket
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.pattern_errors import Hopeless, PatternError

WILD = frozenset("*?[\\")
"""What ends the part of a pattern that git compares as it stands."""

_MARKS = range(0xD800, 0xDC00)
"""Characters that no file name holds: each stands for an expression while pathspec works on the rest."""

_MARK = re.compile(f"[{chr(_MARKS[0])}-{chr(_MARKS[-1])}]")

_TAIL = {False: "(?:(?P<ps_d>/)|$)", True: "(?P<ps_d>/)"}
"""How pathspec ends an expression, by whether the pattern is for directories only."""

_END = {
    (False, False): r"/?\Z",
    (False, True): r"/\Z",
    (True, False): r"(?:/|\Z)",
    (True, True): "/",
}
"""How ours ends, by whether it matches below what it names and whether the pattern is for directories only."""

_SHORT = {".": _TAIL[False], _TAIL[True]: _TAIL[True]}
"""pathspec's short expressions for ``*`` and ``*/``, and the tail that the long ones would have."""

_STAR = re.escape("[^/]*")
_ONE = r"(?:\\.|\[\^/\](?![*+])|[^/\\\[(])"
_STAR_TO_STAR = re.compile(f"{_STAR}({_ONE}+)(?={_STAR})", re.DOTALL)
_LEADING = "(?:.+/)?"
_DEEP = "(?:/.+)?/"


def translate(glob: str, base: str, below: bool) -> str:
    """Return the expression for ``glob``, a pattern without ``!`` and trailing spaces that holds below ``base``.

    A directory is tested with a slash behind its path. ``below``: paths below a matched directory match as well. The
    expression has no groups that capture. Raises :class:`Hopeless`, :class:`PatternError`, and AnsibleError when
    pathspec is missing.
    """
    directory = glob.endswith("/")
    if directory:
        glob = glob[:-1]
    if not glob.strip("/"):
        raise Hopeless("it names nothing")
    speller = _Speller(glob)
    body = _quick(_ask_pathspec(speller.text + "/" * directory, directory))
    prefix = re.escape(base) + "/" if base else ""
    return f"(?s:{prefix}{_MARK.sub(speller.meaning, body)}{_END[below, directory]})"


def _ask_pathspec(pattern: str, directory: bool) -> str:
    """Return pathspec's expression without its ``^`` and its tail."""
    try:
        # Not at the top: the file stays importable where the library is missing, and the error says what to do.
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern
    except ImportError as missing:
        raise AnsibleError(
            "gitignore patterns need the Python library pathspec >= 1.0 on the control node"
        ) from missing
    regex, _include = GitIgnoreSpecPattern.pattern_to_regex(pattern)
    if regex in _SHORT:
        regex = f"^{_LEADING}[^/]+{_SHORT[regex]}"
    tail = _TAIL[directory]
    if regex is None or not regex.startswith("^") or not regex.endswith(tail):
        raise PatternError(f"this version of pathspec gives {regex!r} for it, in a form that is not known here")
    body: str = regex[1 : -len(tail)]
    return body


def _quick(body: str) -> str:
    """Return an equal expression that takes what stands between two wildcards at its first place, and at no other.

    pathspec's own needs time that grows by the power of the number of wildcards: `*a*a*a*a*a*a*b` hangs on a long name.
    """
    body = _STAR_TO_STAR.sub(r"(?:(?!\1)[^/])*\1", body)
    first, *rest = body.split(_DEEP)
    if not rest:
        return body
    if first.startswith(_LEADING):
        name = first.removeprefix(_LEADING)
        first = f"(?:(?!{name}/)[^/]+/)*{name}"
    between = "".join(f"(?:/(?!{piece}/)[^/]+)*/{piece}" for piece in rest[:-1])
    return first + between + _DEEP + rest[-1]


class _Speller:
    """Spells a pattern (without its trailing slash) so that pathspec reads it as git does."""

    def __init__(self, glob: str) -> None:
        self._meanings: dict[str, str] = {}
        self._marks: dict[str, str] = {}
        if _MARK.search(glob):
            raise Hopeless("it has a character that no file name holds")
        # Git looks for slashes before it looks at brackets, so that `[/]a` is bound to the top.
        bound = "/" in glob
        glob = glob.removeprefix("/")
        # Git compares the text before the first wildcard itself; its matcher starts behind it.
        start = next((at for at, char in enumerate(glob) if char in WILD), len(glob)) if bound else 0
        self.text = "/" * bound + self._spell(glob, start)

    def meaning(self, mark: re.Match[str]) -> str:
        """Return the expression that a mark stands for."""
        return self._meanings[mark[0]]

    def _spell(self, glob: str, start: int) -> str:
        out = ""
        at = 0
        while at < len(glob):
            char = glob[at]
            if char == "*":
                added, at = self._stars(glob, at, start, out)
                out += added
                continue
            if char == "[":
                regex, at = bracket(glob, at)
                out += self._mark(regex)
                continue
            if char == "\\":
                at += 1
                if at == len(glob):
                    raise Hopeless("it ends in a backslash")
                out += self._literal(glob[at])
            else:
                out += char if char == "?" else self._literal(char)
            at += 1
        return out

    def _literal(self, char: str) -> str:
        # pathspec strips tabs and other white space from the end, where git strips spaces only.
        return self._mark(re.escape(char)) if char in WILD or char in "!#" or char.isspace() else char

    def _stars(self, glob: str, at: int, start: int, before: str) -> tuple[str, int]:
        """Return the spelling of the stars at ``at``, behind the spelling ``before``, and the place behind them."""
        end = at
        while glob[end : end + 1] == "*":
            end += 1
        if end - at == 1 or not (at == start or glob[at - 1] == "/"):
            return "*", end
        if glob.startswith("\\/", end):
            # `a/**\/b` is at least one directory: git looks for a bare slash before it takes `**/` as none.
            return "*/**/", end + 2
        # Git's matcher starts behind the `a` of `/a**/b`, so that its stars cross directories.
        inside_name = before != "" and not before.endswith("/")
        if end == len(glob):
            # pathspec lets `a/**` and `a/**/` match the directory a itself.
            return (self._mark(".*") if inside_name else "**/*"), end
        if glob[end] == "/":
            crossing = self._mark("(?:.*/)?") if inside_name else "**/"
            return ("" if before.endswith(crossing) else crossing), end + 1
        return "*", end

    def _mark(self, regex: str) -> str:
        if regex not in self._marks:
            if len(self._marks) == len(_MARKS):
                raise PatternError(f"it has more than {len(_MARKS)} different bracket expressions")
            mark = self._marks[regex] = chr(_MARKS[len(self._marks)])
            self._meanings[mark] = regex
        return self._marks[regex]
