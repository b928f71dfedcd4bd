# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that show what they are, in texts that people commit: examples and placeholders are not told. Private to the
collection.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.ordinary import is_ordinary
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.shapes import find_shapes

PRIVATE_KEY = "private key"

# A key of fewer lines is a fragment in a test or a manual.
_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){100,65536}"
    r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
)
_EXAMPLE = re.compile(
    r"example|sample|placeholder|dummy|fake|change[-_]?me|replace[-_]?me|your[-_]|redacted|masked|x{5,}|(.)\1{7,}"
    r"|\A//|0123456789|abcdefgh|[$%]\{|\{\{|%\(|<|\.\.\.|\*\*\*",
    re.IGNORECASE,
)
# Real keys hold long runs of one letter.
_EXAMPLE_KEY = re.compile(r"example|x{5,}|<|\.\.\.", re.IGNORECASE)
_DISTINCT = 6
# These mark where a secret may stand rather than what one looks like: more has to speak for it.
_DOUBTFUL = frozenset({"password in a URL", "passphrase of a command", "bearer token", "token in a URL"})
_LETTER, _DIGIT = re.compile(r"[A-Za-z]"), re.compile(r"[0-9]")


def known_tokens(text: str) -> t.Iterator[tuple[str, str]]:
    """Yield the kind and the value of each secret in ``text`` that is known by its shape, and is no example."""
    for kind, value in find_shapes(text):
        if not is_example(value) and not (kind in _DOUBTFUL and _is_plain(value)):
            yield kind, value


def private_keys(text: str) -> t.Iterator[str]:
    """Yield the private keys in ``text``, each from its BEGIN to its END line."""
    if "PRIVATE KEY" in text:
        for match in _KEY.finditer(text):
            if not _EXAMPLE_KEY.search(match.group()):
                yield match.group()


def is_example(value: str) -> bool:
    """Return whether a value only shows what a secret would look like."""
    return len(set(value)) < _DISTINCT or _EXAMPLE.search(value) is not None


def _is_plain(value: str) -> bool:
    return is_ordinary(value) or not (_LETTER.search(value) and _DIGIT.search(value))
