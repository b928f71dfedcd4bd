# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a named file must or must not contain: counts the lines that a pattern matches. Private to the collection."""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel

RULE = b"R"
_MAX_BYTES = 64 << 20
_MAX_LINES = 20


def check_rules(
    root_fd: int, prefix: str, rules: t.Sequence[t.Mapping[str, t.Any]], host: Host, channel: Channel
) -> None:
    """Send, for each rule ``{path, pattern}``, ``{rule, outcome, reason, matches, lines}``: its index, the number of
    matches, their lines.

    ``prefix`` leads the paths of the tree whose root is ``root_fd``; both are spelled by ``text.show``. A file that is
    not there has no matches and says so in ``reason``; one that cannot be read is unknown.
    """
    for index, rule in enumerate(rules):
        host.check_time()
        result: dict[str, t.Any] = {"rule": index, "outcome": "ok", "reason": "", "matches": 0, "lines": []}
        try:
            numbers = _match_lines(root_fd, beneath(rule["path"], prefix), rule["pattern"])
            result.update(matches=len(numbers), lines=numbers[:_MAX_LINES])
        except FileNotFoundError:
            result["reason"] = "the file does not exist"
        except OSError as error:
            result.update(outcome="unknown", reason=explain(error))
        except Unseen as unseen:
            result.update(outcome="unknown", reason=unseen.reason)
        except re.error as error:
            result.update(outcome="unknown", reason=f"this host's Python does not understand the pattern: {error}")
        channel.send(RULE, json.dumps(result).encode("ascii"))


def beneath(path: str, prefix: str) -> bytes:
    """Return a path relative to the root of the request as one relative to the tree. Raises Unseen for one outside of
    the tree.
    """
    if not path.startswith(prefix):
        raise Unseen(f"{path} is not in this tree")
    return raw(path[len(prefix) :])


def _match_lines(root_fd: int, path: bytes, pattern: str) -> list[int]:
    """Return the line number of every match, in order."""
    fd = paths.open_beneath(root_fd, path)
    try:
        text = paths.read_fd(fd, _MAX_BYTES).decode("utf-8", "replace")
    finally:
        os.close(fd)
    numbers: list[int] = []
    line, at = 1, 0
    for match in re.finditer(pattern, text, re.MULTILINE):
        line += text.count("\n", at, match.start())
        at = match.start()
        numbers.append(line)
    return numbers
