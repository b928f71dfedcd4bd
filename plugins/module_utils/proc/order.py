# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file was changed after a process started, where their times can tell. Private to the collection. Pure.

The kernel gives both times a little too early: a start the tick in which it was (10 ms), a file the last tick of its
own clock (10 ms at most). Some file systems keep whole seconds, or every other one, and so do some programs that copy.

What is nearer to a start than that was there before it: whoever writes something and starts at once what reads it, as
systemd does with the file of a session, is that fast; who changes what runs already is not, and a process reads what it
runs when it was started, not before.
"""

from __future__ import annotations

EXACT_S = 0.02
"""How far a start and a change must be apart, where both are times of one kernel."""
COARSE_S = 2.0
"""How far, where they are not: the boot time is told in whole seconds, or the file system has another clock."""
APART_S = 2 * EXACT_S
"""How long whoever changes files waits before anything is started, so that it is known to be younger: a tick more of
each.
"""


def later(changed_s: float, started_s: float, within_s: float) -> bool | None:
    """Return whether something was changed after a start; None where the two times cannot tell."""
    late = changed_s - started_s
    if late > within_s:
        return True
    if is_exact(changed_s, within_s) or -late - grain(changed_s) > within_s:
        return False
    return None


def is_exact(changed_s: float, within_s: float) -> bool:
    """Return whether the time of a change is one of the kernel that started what it is compared with."""
    return within_s <= EXACT_S and not grain(changed_s)


def grain(changed_s: float) -> float:
    """Return by how much a time of a file can be too early: one without parts of a second may have lost them."""
    if changed_s % 1:
        return 0.0
    # FAT has even seconds alone.
    return 1.0 if changed_s % 2 else 2.0
