# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a gitignore pattern. Private to the collection."""

from __future__ import annotations


class PatternError(ValueError):
    """A pattern that cannot be used; the message names it and says why."""


class Hopeless(PatternError):
    """A pattern that git accepts and that can never match."""
