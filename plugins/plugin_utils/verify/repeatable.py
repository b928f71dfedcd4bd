# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands that repeat checks need of a host's contract and evidence. Private to the collection. Pure."""

from __future__ import annotations

import typing as t

Json = t.Mapping[str, t.Any]

_SEARCHED = ("forbid", "require", "interval", "numbers")


def of(contract: Json, logs: Json | None, configs: Json | None) -> dict[str, t.Any]:
    """Return ``{logs: {name: {read, patterns}}, configs: {name: {format, lines, public}}}``.

    ``patterns`` are by check and name, ``lines`` those of the keys of a file, ``public`` the keys that are no secret,
    and on whose lines there is none; none are where not all keys of a file are told.
    """
    patterns = {entry["name"]: _patterns(entry) for entry in contract.get("logs") or ()}
    reads = {one["name"]: one.get("read") for one in (logs or {}).get("logs") or ()}
    return {
        "logs": {name: {"read": reads.get(name), "patterns": found} for name, found in patterns.items()},
        "configs": {one["name"]: _keys(one) for one in (configs or {}).get("configs") or ()},
    }


def _patterns(entry: Json) -> dict[str, dict[str, str]]:
    return {kind: {one["name"]: str(one["pattern"]) for one in entry.get(kind) or ()} for kind in _SEARCHED}


def _keys(one: Json) -> dict[str, t.Any]:
    keys = one.get("keys") or ()
    hidden = {key["line"] for key in keys if key["secret"] or not isinstance(key["value"], str)}
    public = {key["key"] for key in keys if not key["secret"] and not one["secret"] and key["line"] not in hidden}
    return {
        "format": one["format"],
        "lines": {key["key"]: key["line"] for key in keys if isinstance(key["line"], int)},
        "public": [] if one.get("cut") or one.get("partial") else sorted(public),
    }
