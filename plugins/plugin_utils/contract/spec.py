# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of ``docs/contract.md``, made from the schema. Private to the collection."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import OVERVIEWS, SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import REQUIRED, Key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import variables


def documented_keys() -> dict[str, list[tuple[str, Key]]]:
    """Return the keys to document, by table: variables, reference, waivers, and each section."""
    public = variables()
    tables = {"variables": list(public.items())}
    for name in ("drift_reference", "drift_waivers"):
        tables[name] = [(f"{name}{rest}", key) for rest, key in public[name].shape.inner()]
    for name, key in OVERVIEWS.items():
        tables[name] = [(name, key), *((f"{name}{rest}", inner) for rest, inner in key.shape.inner())]
    for name, section in SECTIONS.items():
        tables[name] = [(f"{name}{rest}", key) for rest, key in section.SHAPE.inner()]
    return tables


def rows(keys: t.Iterable[tuple[str, Key]]) -> list[str]:
    """Return a Markdown table of keys."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for place, key in keys:
        lines.append(f"| `{place}` | {key.shape.describe()} | {_default(key)} | {key.meaning} |")
    return lines


def _default(key: Key) -> str:
    if key.default is REQUIRED:
        return "required"
    return "unset" if key.default is None else f"`{json.dumps(key.default)}`"
