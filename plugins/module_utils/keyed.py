# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests by which what must not be shown is compared within one run. Private to the collection."""

from __future__ import annotations

import hashlib
import hmac
import typing as t


def keyed(key: bytes | None, content: str | bytes) -> str | None:
    """Return the HMAC-SHA256 of a text, or of bytes, under the run's key in hex; None without a key: then nothing is
    compared.
    """
    return keyed_parts(key, [content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content])


def keyed_parts(key: bytes | None, parts: t.Iterable[bytes]) -> str | None:
    """Return the same of bytes that come in parts."""
    if key is None:
        return None
    digest = hmac.new(key, None, hashlib.sha256)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
