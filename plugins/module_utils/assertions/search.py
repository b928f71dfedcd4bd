# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether patterns of a contract are found in texts. Private to the collection."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

_ANSWER = b"A"

Pair = t.Tuple[str, str]


def search(pairs: t.Sequence[Pair], host: Host) -> list[bool]:
    """Return whether each ``(pattern, text)`` matches somewhere; ``^`` and ``$`` are those of a line. Raises Unseen.

    A pattern can take for ever: it is searched by a process of its own, which ends with the time of ``host``.
    """
    if not pairs:
        return []
    host.check_time()
    answers: list[bytes] = []

    def work(channel: Channel) -> None:
        found = []
        for pattern, text in pairs:
            try:
                found.append(re.search(pattern, text, re.MULTILINE) is not None)
            except re.error as error:
                raise Unseen(f"this host's Python does not understand the pattern {pattern}: {error}") from None
        channel.send(_ANSWER, json.dumps(found).encode("ascii"))

    failures = run_forked([work], host, lambda _kind, payload: answers.append(payload))
    if failures or not answers:
        raise Unseen(f"the patterns were not searched: {'; '.join(failures)}")
    made: list[bool] = json.loads(answers[0])
    return made
