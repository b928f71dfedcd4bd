# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that died without a word does not keep a watch waiting, and a play that was killed asks no more."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from ansible_collections.evenkeel.drift.plugins.action.watch_host import ActionModule, _no_longer_than, _TooLate
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused


def test_what_never_answers_is_left_after_its_time() -> None:
    before = signal.getsignal(signal.SIGALRM)
    reader, writer = os.pipe()
    try:
        # What is on the way up catches and tries again every exception: this is none.
        with pytest.raises(_TooLate), _no_longer_than(0.05), contextlib.suppress(Exception):
            os.read(reader, 1)
    finally:
        os.close(reader)
        os.close(writer)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_answers_in_time_leaves_no_clock_behind() -> None:
    with _no_longer_than(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_host_is_not_asked_any_more_when_the_play_has_ended() -> None:
    action = ActionModule.__new__(ActionModule)
    # The parent of a process whose own has ended is another one.
    action._play = os.getpid()
    with pytest.raises(Refused, match="the play that asked for this watch has ended"):
        action._send(b"", 1.0, {})
