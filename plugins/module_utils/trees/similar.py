# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much two files have in common: blocks of lines, in a time that grows with their length alone. Private to the
collection.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.rules import beneath
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel

SIMILAR = b"s"
BLOCK = 4
"""So many lines in a row must be equal to count: single ones (``else:``, ``return None``) are alike everywhere."""

_MAX_BYTES = 4 << 20
_COMMENTS = (b"#", b"//")


def check_similar(
    root_fd: int,
    prefix: str,
    pairs: t.Sequence[t.Mapping[str, str]],
    secret: Patterns,
    host: Host,
    channel: Channel,
) -> None:
    """Send, for each pair ``{a, b}`` of files of a tree, ``{pair, outcome, reason, share, lines}``: its index, the
    share of equal lines from 0 to 1, and the number of lines of both. Paths as in ``rules.check_rules``.
    """
    for index, pair in enumerate(pairs):
        host.check_time()
        result: dict[str, t.Any] = {"pair": index, "outcome": "ok", "reason": "", "share": None, "lines": [0, 0]}
        try:
            first, second = (_lines(root_fd, prefix, pair[side], secret) for side in ("a", "b"))
            result.update(share=share(first, second), lines=[len(first), len(second)])
        except Unseen as unseen:
            result.update(outcome="unknown", reason=unseen.reason)
        channel.send(SIMILAR, json.dumps(result).encode("ascii"))


def _lines(root_fd: int, prefix: str, path: str, secret: Patterns) -> list[bytes]:
    """Return the lines of a file that say something, without the blanks around them."""
    if is_secret_file(path, secret):
        raise Unseen(f"{path} is a secret-class file, which is not compared by its lines")
    try:
        fd = paths.open_beneath(root_fd, beneath(path, prefix))
    except FileNotFoundError:
        raise Unseen(f"{path} does not exist") from None
    except OSError as error:
        raise Unseen(f"{path} cannot be read: {explain(error)}") from None
    try:
        content = paths.read_fd(fd, _MAX_BYTES)
    except OSError as error:
        raise Unseen(f"{path} cannot be read: {explain(error)}") from None
    except Unseen as unseen:
        raise Unseen(f"{path} is {unseen.reason}") from None
    finally:
        os.close(fd)
    stripped = (line.strip() for line in content.split(b"\n"))
    return [line for line in stripped if line and not line.startswith(_COMMENTS)]


def share(first: t.Sequence[bytes], second: t.Sequence[bytes]) -> float:
    """Return the share of the shorter file's lines that lie in a block which the other has as well, with 3 decimals.

    A block has ``BLOCK`` lines, or all of a shorter file. An empty file has nothing in common with any.
    """
    shorter, longer = sorted((first, second), key=len)
    if not shorter:
        return 0.0
    found = _covered(shorter, longer)
    if len(shorter) == len(longer):
        found = max(found, _covered(longer, shorter))
    return round(found / len(shorter), 3)


def _covered(lines: t.Sequence[bytes], other: t.Sequence[bytes]) -> int:
    """Return how many of ``lines`` lie in a block that ``other`` has as well."""
    size = min(BLOCK, len(lines))
    blocks = {tuple(other[at : at + size]) for at in range(len(other) - size + 1)}
    covered, end = 0, 0
    for at in range(len(lines) - size + 1):
        if tuple(lines[at : at + size]) in blocks:
            covered += at + size - max(at, end)
            end = at + size
    return covered
