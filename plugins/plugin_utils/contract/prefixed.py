# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a role, which share a prefix that others may use too. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    ContractError,
    Key,
    Problems,
    default_of,
    is_unset,
    nearest,
    unknown_key,
)


def read(
    values: t.Mapping[str, t.Any], prefix: str, known: t.Mapping[str, Key], problems: Problems
) -> dict[str, t.Any]:
    """Return the value or the default of every known variable; note what is wrong.

    What counts as unset is up to ``schema.is_unset``. Of the names that nobody knows, those are refused that look like
    one of ours.
    """
    result: dict[str, t.Any] = {name: default_of(key) for name, key in known.items()}
    for name in sorted(name for name in values if name.startswith(prefix)):
        value = values[name]
        if name not in known:
            # The prefix that all of them share is no likeness.
            near = nearest(name.removeprefix(prefix), [one.removeprefix(prefix) for one in known])
            if near is not None:
                problems.add(name, unknown_key(prefix + near, known, "variable"))
        elif not is_unset(name, known[name], value, problems):
            try:
                result[name] = known[name].shape.read(plain(value, name), name, problems)
            except ContractError as error:
                problems.merge(error.errors)
    return result


def documented(known: t.Mapping[str, Key]) -> list[tuple[str, Key]]:
    """Return what the documentation lists: each variable, and what is below it."""
    listed = []
    for name, key in known.items():
        listed += [(name, key), *((f"{name}{rest}", inner) for rest, inner in key.shape.inner())]
    return listed
