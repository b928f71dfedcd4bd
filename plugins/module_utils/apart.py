# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that can take for ever, each in a process of its own with a share of the time.

Private to the collection.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

_ANSWER = b"A"

Json = t.Dict[str, t.Any]
Question = t.Mapping[str, t.Any]


def each_apart(asked: t.Sequence[Question], answer: t.Callable[[Question, Host], Json], host: Host) -> list[Json | str]:
    """Return the answer to each question, in their order; in the place of one that did not come is the reason.

    As many are asked at once as there are workers.
    """
    made: list[Json | str] = []
    for at in range(0, len(asked), host.workers):
        batch = asked[at : at + host.workers]
        left = -(-(len(asked) - at) // host.workers)
        share = host.share(max(host.time_left() / left, 0.0))
        made += _together(batch, answer, share)
    return made


def _together(asked: t.Sequence[Question], answer: t.Callable[[Question, Host], Json], host: Host) -> list[Json | str]:
    answers: dict[int, Json] = {}

    def job(number: int) -> t.Callable[[Channel], None]:
        def work(channel: Channel) -> None:
            channel.send(_ANSWER, json.dumps([number, answer(asked[number], host)]).encode("ascii"))

        return work

    def receive(_kind: bytes, payload: bytes) -> None:
        number, answered = json.loads(payload)
        answers[number] = answered

    failures = run_forked([job(number) for number in range(len(asked))], host, receive)
    why = f"it was not read to its end: {'; '.join(failures) or 'its reader ended without an answer'}"
    return [answers.get(number, why) for number in range(len(asked))]
