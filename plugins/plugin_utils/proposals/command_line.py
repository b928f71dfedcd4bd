# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command of a process that runs, as a unit or a Compose file can have it. Private to the collection.

Evidence has arguments masked. Where one was masked stands a variable, whose value is filled in on the host.
"""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

VARIABLE = "FILL_IN_"
"""How the variables are called that stand for what was masked."""

_MOST_WORDS = 200
_LONGEST_WORD = 2000

Json = dict[str, t.Any]


class Hidden(t.NamedTuple):
    """The place of something masked."""

    variable: str


Part = t.Union[bytes, Hidden]


@dataclasses.dataclass
class Words:
    """Arguments, each in parts. ``hidden`` names the variables with what each stands for, ``doubts`` what is not sure
    to be as it runs.
    """

    words: list[list[Part]] = dataclasses.field(default_factory=list)
    hidden: dict[str, str] = dataclasses.field(default_factory=dict)
    doubts: list[str] = dataclasses.field(default_factory=list)

    def add(self, word: str, about: str, spelling: t.Callable[[str], bytes]) -> None:
        """Add a word as evidence has it; ``spelling`` turns what is not masked into bytes."""
        parts: list[Part] = []
        for number, piece in enumerate(word.split(MARK)):
            if number:
                variable = f"{VARIABLE}{len(self.hidden) + 1}"
                self.hidden[variable] = about
                parts.append(Hidden(variable))
            if piece:
                parts.append(spelling(piece))
        self.words.append(parts or [b""])


def of_process(process: Json) -> Words:
    """Return the command that would start a process again, its program by an absolute path."""
    made = Words()
    argv: list[str] = process["argv"]
    program = _program(process, made.doubts)
    for number, word in enumerate([program, *argv[1:]]):
        made.add(word, _about(number, word), lambda piece: _bytes(piece, made.doubts))
    if len(argv) >= _MOST_WORDS or any(len(word) >= _LONGEST_WORD for word in argv):
        made.doubts.append("the command is longer than an audit keeps: complete ExecStart= from the running process")
    return made


def _about(number: int, word: str) -> str:
    return f"word {number} of its command, which is shown as {word[:80]}"


def _bytes(piece: str, doubts: list[str]) -> bytes:
    if not is_whole(piece):
        doubts.append("a word of its command was cut where it was masked: compare it with the running process")
    return name_bytes(piece)


def is_whole(name: str) -> bool:
    """Return whether a name of the evidence has bytes of its own: one that was cut or masked has none."""
    try:
        raw(name)
    except ValueError:
        return False
    return True


def name_bytes(name: str) -> bytes:
    """Return the bytes of a name of the evidence, those of its spelling where it has none."""
    return raw(name) if is_whole(name) else name.encode("utf-8", "backslashreplace")


def _program(process: Json, doubts: list[str]) -> str:
    """Return the path of the program. A process may call itself what it likes: then its file is what counts."""
    called = process["argv"][0] if process["argv"] else ""
    exe = None if "exe" in process["replaced"] or MARK in (process["exe"] or "") else process["exe"]
    if "exe" in process["replaced"]:
        doubts.append(f"the file of its program, {process['exe']}, was replaced or removed since it started")
    if "/" in called and " " not in called:
        return called if called.startswith("/") else posixpath.join(process["cwd"] or "/", called.removeprefix("./"))
    name = posixpath.basename(exe or "")
    if not called or not name.startswith(called):
        doubts.append(f"it calls itself {called or 'nothing'}, which may not be the command that started it")
    elif process["venv"] and called.startswith("python"):
        return f"{process['venv']}/bin/{called}"
    if exe is None:
        doubts.append("the path of its program is not known: fill it in")
    return exe or f"/{called or 'FILL-IN'}"
