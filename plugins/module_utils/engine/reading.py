# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strict JSON, and what is taken out of it as text. Private to the collection."""

from __future__ import annotations

import contextlib
import json
import math
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.engine.errors import TooMuch
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.transport import Answer
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.text import spelled

_MESSAGE = 16 * 1024
_DIGITS = 30
_TEXT = 300
# Masked is what is shown and much beyond it, then it is cut: half a secret would not be recognised.
_MASKED = 16 * 1024


def parse(body: bytes) -> t.Any:
    """Return the value that JSON spells. Raises ValueError or RecursionError, also for numbers that nothing has."""
    return json.loads(body.decode("utf-8"), parse_int=_integer, parse_float=_number, parse_constant=_constant)


def text(value: t.Any, limit: int = _TEXT) -> str:
    """Return a text of an engine, masked and cut to ``limit`` characters; nothing for what is no text."""
    return mask(spelled(value[: _MASKED + limit]))[:limit] if isinstance(value, str) else ""


def said(answer: Answer) -> str:
    """Return an engine's own words about what went wrong, masked."""
    body = bytearray()
    with contextlib.suppress(TooMuch):
        for piece in answer.pieces(_MESSAGE):
            body += piece
    words = body.decode("utf-8", "backslashreplace")
    try:
        found = json.loads(words)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and isinstance(found.get("message"), str):
        words = found["message"]
    return text(" ".join(words.split())) or "without a message"


def _integer(digits: str) -> int:
    # Reading a number takes the square of its length.
    if len(digits) > _DIGITS:
        raise ValueError("a number of more digits than anything has")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number beyond all")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
