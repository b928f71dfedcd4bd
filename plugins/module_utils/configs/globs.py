# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of a configuration a pattern means: ``*`` any run of characters, ``?`` one. Private to the collection."""

from __future__ import annotations

import re


def is_glob(pattern: str) -> bool:
    """Return whether a pattern can mean more than one key."""
    return "*" in pattern or "?" in pattern


def glob(pattern: str) -> re.Pattern[str]:
    """Return the expression of a pattern, for ``fullmatch``. Dots and brackets are characters like any other."""
    # Several stars in a row mean what one does, and would make the search slow.
    parts = re.split(r"(\*+|\?)", pattern)
    meant = [".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in parts]
    return re.compile("".join(meant), re.DOTALL)
