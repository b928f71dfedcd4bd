# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be shown of a text that a host's program gave: masked, and bounded. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils import jsonpath
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import LIMIT, looks_secret, mask
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.known import Masker

Hide = t.Callable[[str], str]
"""Takes every secret out of a text."""

_EDGE = re.compile(rb"[\s,;\"'&<>]")
_ROOM = 4096


def hider(known: t.Iterable[str] = ()) -> Hide:
    """Return what hides secrets, those known by their value as well: a server may send back what it was sent."""
    masker = Masker(known)
    return lambda text: mask(masker.mask(text))


def names_secret(path: jsonpath.Path) -> bool:
    """Say whether what stands at a path is a secret by its name."""
    return any(isinstance(step, str) and looks_secret(step) for step in path)


def excerpt(text: bytes, limit: int, hide: Hide) -> tuple[str, bool]:
    """Return the first ``limit`` characters of a text, masked, and whether something was cut.

    It is masked before it is cut: half of a token is not known to be one.
    """
    head = _head(text)
    shown = hide(head.decode("utf-8", "backslashreplace"))
    return shown[:limit], len(head) < len(text) or len(shown) > limit


def _head(text: bytes) -> bytes:
    if len(text) <= LIMIT:
        return text
    last = max((match.start() for match in _EDGE.finditer(text, LIMIT - _ROOM, LIMIT)), default=0)
    return text[:last]
