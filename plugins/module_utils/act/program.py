# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program of the host that changes something: ``systemctl restart``, a hook, ``docker compose``. Private to the
collection.

It gets a clean environment, no terminal, no standard input but what is given to it, and a time limit: a program that
is late is asked to end, and killed with all that it started. What it says is bounded and masked.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act import fs
from ansible_collections.evenkeel.drift.plugins.module_utils.act.fled import Fled
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import command
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_KEPT = 256 << 10
_GRACE_S = 5.0
_LAST_LINES = 3
_LONGEST = 600
# A pipe takes as much in any case, before somebody reads.
_PIPE = 4096
_SHELL = "/bin/sh"
_GATE = 'read -r go && exec "$@" </dev/null'
"""Its own number stays: the program takes the place of the shell."""

find = command.find
"""Return the absolute path of a program of the host, None when it has none."""


class ProgramFailed(Exception):
    """A program did not do what it was to do. The message names it and has its last words, masked."""


class Done(t.NamedTuple):
    """How a program ended: ``out`` as it wrote it (its first 256 KiB, which may hold secrets), ``said`` its last lines,
    masked.
    """

    exit_code: int
    out: bytes
    said: str
    seconds: float


def run(
    argv: t.Sequence[str],
    limit_s: float,
    understood: t.Container[int] = (0,),
    cwd: str = "/",
    environment: t.Mapping[str, str] | None = None,
    stdin: bytes = b"",
    name: str = "",
    begun: t.Callable[[int], None] | None = None,
) -> Done:
    """Run a program until it ends, at most ``limit_s`` seconds, and return how.

    ``argv[0]`` is an absolute path, as :func:`find` gives it; ``environment`` is added to ``PATH`` and ``LC_ALL=C``;
    ``stdin`` has at most 4 KiB; ``name`` is how it is called in a reason. What it started in the background ends with
    it; what of that has left its group, and survives a program that is late, is named. ``begun`` is called with its
    process id before it does anything: when this process is killed until then, the program never begins; it has no
    ``stdin`` then. Raises ProgramFailed when it cannot be started, is late, or ends
    with an exit code that is not ``understood``.
    """
    name = name or os.path.basename(argv[0])
    gate, fled = None, Fled()
    if begun is None:
        source = _source(stdin)
    else:
        source, sink = os.pipe()
        argv, gate = [_SHELL, "-c", _GATE, name, *argv], _Gate(begun, sink)
    try:
        ran = command.execute(
            argv,
            Host("/", limit_s),
            limit_s,
            cwd,
            _KEPT,
            source,
            environment=environment,
            grace_s=_GRACE_S,
            name=name,
            begun=gate and gate.open,
            late=fled.look,
        )
    except Unseen as unseen:
        raise ProgramFailed(unseen.reason + fled.told()) from None
    finally:
        os.close(source)
        if gate is not None:
            os.close(gate.sink)
    said = last_words(ran.err) or last_words(ran.out)
    if ran.exit_code not in understood:
        ended = f"ended with {ran.exit_code}" if ran.exit_code >= 0 else f"was ended by signal {-ran.exit_code}"
        raise ProgramFailed(f"{name} {ended} and said: {said or 'nothing'}")
    return Done(ran.exit_code, ran.out, said, ran.seconds)


class _Gate(t.NamedTuple):
    """What a program waits for before it begins: a word in a pipe, of which this process alone has the other end."""

    begun: t.Callable[[int], None]
    sink: int

    def open(self, pid: int) -> None:
        self.begun(pid)
        # When it was ended meanwhile, how it ended tells so.
        with contextlib.suppress(BrokenPipeError):
            fs.write(self.sink, b"go\n")


def last_words(said: bytes, most: int = _LAST_LINES) -> str:
    """Return the last lines of what a program said, masked, in one line."""
    # Masked as a whole: a key of several lines is not recognised by its last one.
    lines = [line.strip() for line in mask(said.decode("utf-8", "backslashreplace")).splitlines() if line.strip()]
    return " | ".join(line[:_LONGEST] for line in lines[-most:])


def _source(content: bytes) -> int:
    """Return an open file that is nowhere, with this content, to be read."""
    if not content:
        return os.open(os.devnull, os.O_RDONLY)
    if len(content) > _PIPE:
        raise ProgramFailed(f"{len(content)} bytes are more than a program is handed")
    # No memfd_create: a Python that was built for all systems has none.
    source, sink = os.pipe()
    try:
        fs.write(sink, content)
    finally:
        os.close(sink)
    return source
