# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests by which what must not be shown is compared within one run. Private to the collection."""

from __future__ import annotations

import hashlib
import hmac


def keyed(key: bytes | None, text: str) -> str | None:
    """Return the HMAC-SHA256 of a text under the run's key in hex; None without a key: then nothing is compared."""
    if key is None:
        return None
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
