# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audits and verifications of a deploy, as their own folders tell of them. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.timeline import Look
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import folder as verifications

_UP = "../.."
_TIMES = ("started", "finished")

Json = dict[str, t.Any]


def looks(folder: RunFolder, about: Json, plan: Json, results: t.Mapping[str, Json]) -> list[Look]:
    """Return those that are still there and have ended. ``about`` is run.json of the deploy in ``folder``."""
    top = os.path.dirname(os.path.dirname(folder.path))
    final = about.get("verification")
    # That of a remediation is a part of its last verification.
    after = about.get("after") if final is None else None
    found = [_audit(top, name, what) for name, what in ((plan["run"], "audit before"), (after, "audit after")) if name]
    told = [one["verification"] for one in results.values() if one.get("verification")]
    first = {one["id"] for one in told if one["id"]}
    again = {one["again"]["id"] for one in told if one["again"] and one["again"]["id"]}
    last = {final["id"]} if final else set()
    found += [_verification(top, name, "verification") for name in sorted(first)]
    found += [_verification(top, name, "verification after the way back") for name in sorted(again)]
    found += [_verification(top, name, "verification in the end") for name in sorted(last)]
    return [one for one in found if one is not None]


def _audit(top: str, name: str, what: str) -> Look | None:
    about = _about(os.path.join(top, name))
    if about is None:
        return None
    link = f"{_UP}/{name}/report.md"
    return Look(what, name, link, about["started"], about["finished"], about["hosts"], "")


def _verification(top: str, name: str, what: str) -> Look | None:
    about = _about(os.path.join(top, verifications.FOLDER, name))
    if about is None:
        return None
    link = f"{_UP}/{verifications.FOLDER}/{name}/{verifications.REPORT}"
    return Look(what, name, link, about["started"], about["finished"], about["hosts"], about.get("verdict") or "none")


def _about(path: str) -> Json | None:
    """Return run.json of a folder that is there, and has ended."""
    try:
        about: Json = RunFolder(path).read("run.json")
    except (FileNotFoundError, StoreError):
        return None
    return about if all(about.get(key) for key in (*_TIMES, "hosts")) else None
