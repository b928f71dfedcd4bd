# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which a container engine stays unseen. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen


class NoEngine(Unseen):
    """No engine answers: none is installed, it does not run, or its socket is not where it was looked for."""


class Denied(Unseen):
    """An engine is there, and this user may not ask it."""


class NotFound(Unseen):
    """The engine does not know the thing that it was asked about: it never was, or it is gone by now."""


class TooMuch(Unseen):
    """The answer goes on beyond the limit. What was given up to there is true."""


class OtherKind(Unseen):
    """An engine answers, and it is of another kind than the one that is meant."""
