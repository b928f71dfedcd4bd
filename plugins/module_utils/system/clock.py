# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What time a host thinks it is, and whether something keeps that right. Private to the collection."""

from __future__ import annotations

import os
import struct
import time

try:
    import ctypes
except ImportError:
    # A Python that was built without libffi; a module's name has the type of a module, and cannot say so.
    ctypes = None  # type: ignore[assignment]

# struct timex: the status follows modes and four longs; https://man7.org/linux/man-pages/man2/adjtimex.2.html
_STATUS = struct.Struct("@Illlli")
_STATUS_SIZE = _STATUS.size
_TIMEX_BYTES = 512
_UNSYNCHRONISED = 0x0040


def synchronized() -> bool | None:
    """Return whether the kernel counts its clock as synchronised, None when that cannot be asked.

    Asked with no mode set, adjtimex changes nothing.
    """
    if ctypes is None:
        return None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        asked = ctypes.CDLL(None).adjtimex(buffer)
    except (OSError, AttributeError):
        return None
    if asked < 0:
        return None
    return not _STATUS.unpack(buffer.raw[:_STATUS_SIZE])[-1] & _UNSYNCHRONISED


def zone() -> str:
    """Return the name of the host's time zone: ``Europe/Berlin`` where it is set by a link, else an abbreviation."""
    try:
        target = os.readlink("/etc/localtime")
    except OSError:
        target = ""
    _head, found, name = target.partition("zoneinfo/")
    return name if found else time.strftime("%Z")
