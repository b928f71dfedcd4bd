# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a container's log. Private to the collection."""

from __future__ import annotations

import collections
import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, TooMuch
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask

LINES = 10
_WIDTH = 500
_MOST = 1 << 20
# What is masked of a line is far more than what is shown of it: half a secret would not be recognised.
_MASKED = 16 * 1024


def tail(engine: Engine, identity: str, tty: bool, limit_s: float) -> list[str]:
    """Return the last lines of both streams in the order in which the engine gives them, masked. Raises Unseen."""
    query: dict[str, t.Any] = {"stdout": True, "stderr": True, "tail": LINES}
    last: collections.deque[bytes] = collections.deque(maxlen=LINES)
    # Lines of megabytes each: what came first is enough.
    with contextlib.suppress(TooMuch):
        for _stream, line in engine.lines(f"/containers/{identity}/logs", query, _MOST, limit_s, tty):
            last.append(line)
    # Together, so that a secret of many lines is recognised.
    text = mask("\n".join(line[:_MASKED].decode("utf-8", "backslashreplace").replace("\r", " ") for line in last))
    return [line[:_WIDTH] for line in text.split("\n")] if last else []
