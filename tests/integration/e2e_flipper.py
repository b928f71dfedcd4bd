# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swaps a path with another one, as fast as it can, until it is stopped: ``e2e_flipper.py one other``.

With a third word it goes on where one of them is missing for a moment.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    one, other = (os.fsencode(path) for path in sys.argv[1:3])
    borne = {0, errno.ENOENT} if sys.argv[3:] else {0}
    while libc.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE) == 0 or ctypes.get_errno() in borne:
        pass
    sys.exit(os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
