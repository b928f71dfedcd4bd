# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which known values are ordinary text, so that finding them again proves nothing. Private to the collection."""

from __future__ import annotations

import re

SHORTEST = 8
"""A shorter value occurs by chance."""

# Up to three words with a number at the end: postgres, unless-stopped, signal_engine_dev, changeme123.
_WORDS = re.compile(r"[A-Za-z]{1,12}(?:[ ._-][A-Za-z]{1,12}){0,2}[ ._-]?\d{0,4}")
# Numbers, dates, times, versions, addresses.
_NUMBERS = re.compile(r"[\d.:/ TZ+-]{1,32}")
# The name of a file, which an application reads its secret from: /run/secrets/db_password.
_PATH = re.compile(r"(?:/[a-z0-9._][a-z0-9._-]*){2,}")
# It stands for a value, and is none: ${DB_PASSWORD}, $TOKEN, {{ vault_token }}, <token>, %(secret)s.
_REFERENCE = re.compile(r"\$\w+|\$\{[^{}]*\}|\$\([^()]*\)|\{\{.*\}\}|\{%.*%\}|<[^<>]*>|%\(\w+\)s", re.DOTALL)
_REPEATED = re.compile(r"(.{1,3})\1+", re.DOTALL)


def is_ordinary(value: str) -> bool:
    """Return whether ``value`` is too short or too common to be recognised as a secret wherever it stands.

    Such a secret is masked where its name or its place announces it; elsewhere the same text means something else.
    """
    text = value.strip()
    return (
        len(text) < SHORTEST
        or _WORDS.fullmatch(text) is not None
        or _NUMBERS.fullmatch(text) is not None
        or _PATH.fullmatch(text) is not None
        or _REPEATED.fullmatch(text) is not None
        or is_reference(text)
    )


def is_reference(value: str) -> bool:
    """Return whether ``value`` only stands for one that is elsewhere: ``${DB_PASSWORD}``."""
    return _REFERENCE.fullmatch(value) is not None
