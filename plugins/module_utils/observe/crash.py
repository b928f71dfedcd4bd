# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of an error that nobody foresaw: its kind and its places in the code, never its message, which can quote
what was just read. Private to the collection.
"""

from __future__ import annotations

import sys
import traceback
import types

_PACKAGE = "ansible_collections.evenkeel.drift.plugins.module_utils."
_INNERMOST = 4


def tell_crash(kind: type[BaseException], _error: BaseException, trace: types.TracebackType | None) -> None:
    """Write one line about an error to standard error; in the place of ``sys.excepthook``."""
    sys.stderr.write(describe_crash(kind, trace) + "\n")


def describe_crash(kind: type[BaseException] | None, trace: types.TracebackType | None) -> str:
    """Return the kind of an error and the innermost places that it came through: ``KeyError in observe.ports:88``."""
    frames: list[str] = [
        f"{frame.filename.replace(_PACKAGE, '').rpartition('/module_utils/')[2]}:{frame.lineno}"
        for frame in traceback.extract_tb(trace, limit=-_INNERMOST)
    ]
    return f"{kind.__name__ if kind else 'An error'} in {', called by '.join(reversed(frames)) or 'no code'}"
