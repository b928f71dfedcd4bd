# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the operator on a host that hold keys: a password, variables with credentials. Private to the collection."""

from __future__ import annotations

import os

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import PointError
from ansible_collections.evenkeel.drift.plugins.module_utils.dotenv import decode, statements
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import paths
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain

_MAX_BYTES = 1 << 20
_OTHERS = 0o027


def read_text(path: str) -> str:
    """Return the text of a file that nobody but root and this user can change, and that is not for everybody to read.

    Raises PointError with what to do.
    """
    try:
        fd = paths.open_target(path)
        try:
            seen = os.fstat(fd)
            if seen.st_uid not in (0, os.geteuid()):
                raise PointError(f"{path} belongs to the user {seen.st_uid}: it is to belong to root or to this user")
            if seen.st_mode & _OTHERS:
                raise PointError(f"{path} can be read or changed by others: chmod 0600 {path}")
            return decode(paths.read_fd(fd, _MAX_BYTES))
        finally:
            os.close(fd)
    except OSError as error:
        raise PointError(f"{path} cannot be read: {explain(error)}") from None
    except ValueError as error:
        raise PointError(f"{path} cannot be used: {error}") from None
    except Unseen as unseen:
        raise PointError(f"{path} cannot be used: {unseen.reason}") from None


def read_variables(path: str) -> dict[str, str]:
    """Return the variables of a file in the style of ``.env``, as :func:`read_text` reads it. Raises PointError."""
    found: dict[str, str] = {}
    for one in statements(read_text(path)):
        if one.problem or one.value is None:
            raise PointError(f"{path} cannot be used: {one.problem or f'line {one.line} gives {one.name} no value'}")
        found[one.name] = one.value
    return found
