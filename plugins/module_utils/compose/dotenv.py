# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of ``.env`` files as Compose reads them. Private to the collection.

Messages name lines and never quote them: these files hold secrets.
"""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.interpolate import Variables, interpolate
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported
from ansible_collections.evenkeel.drift.plugins.module_utils.dotenv import decode, statements

MAX_NAMES = 5_000


def parse(data: bytes, variables: Variables) -> list[tuple[str, str | None]]:
    """Return the names and values of a file in their order; the value of a name that stands alone is None.

    ``variables`` are those known before, which the file's own come before. Raises Unsupported.
    """
    try:
        said = decode(data)
    except ValueError as error:
        raise Unsupported(str(error)) from None
    known = dict(variables)
    made: list[tuple[str, str | None]] = []
    for one in statements(said):
        problem = f"line {one.line} comes after {MAX_NAMES} names" if len(made) >= MAX_NAMES else one.problem
        if problem:
            raise Unsupported(problem)
        value = one.value if one.template is None else interpolate(one.template, known)
        if value is not None:
            known[one.name] = value
        made.append((one.name, value))
    return made
