# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other side for each host of a run: every reference is resolved once, whatever number of hosts use it.

Private to the collection.
"""

from __future__ import annotations

import fcntl
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import baseline, git
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git_side import GitSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.host import BaselineSide, HostSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Json, Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, key_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import PRIVATE, RunFolder

_FOLDER = "references"


class Sides:
    """The references of one run. What the first host finds out about one holds for all, even if a branch moves."""

    def __init__(self, folder: RunFolder, cache: Cache) -> None:
        self._folder = folder
        self.cache = cache

    def of(self, settings: Settings, host: str) -> tuple[Side | None, str | None]:
        """Return the other side of a host, and the reference's id. An id without a side means that it cannot be had."""
        wanted = settings.reference
        if wanted is None or wanted.get("host") == host:
            return None, None
        kind = next(iter(wanted))
        if kind == "git":
            # Which branches are shown beside it does not make it another reference.
            wanted = {"git": {name: wanted["git"][name] for name in ("repo", "ref")}}
        identity = f"{kind}-{key_of(wanted)[:8]}"
        about = self._about(identity, wanted, settings)
        if about["outcome"] != "ok":
            return None, identity
        if kind == "git":
            return GitSide(identity, about, self.cache), identity
        if kind == "host":
            return HostSide(identity, self._folder, wanted["host"]), identity
        return BaselineSide(identity, baseline.load(wanted["baseline"], settings.allowed_signers)), identity

    def problem(self, identity: str, reason: str) -> None:
        """Note that a reference turned out to be of no use."""
        name = f"{_FOLDER}/{identity}.json"
        self._folder.write(name, _shown({**self._folder.read(name), "outcome": "unknown", "reason": reason}))

    def _about(self, identity: str, wanted: Json, settings: Settings) -> Json:
        name = f"{_FOLDER}/{identity}.json"
        with open(self._folder.join(PRIVATE, "references.lock"), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(self._folder.join(name)):
                self._folder.write(name, _shown({"id": identity, **_resolve(wanted, settings)}))
        about: Json = self._folder.read(name)
        return about


def _resolve(wanted: t.Mapping[str, t.Any], settings: Settings) -> Json:
    """Return what a reference is: the shape of references.json in docs/design.md."""
    try:
        if "git" in wanted:
            return {"outcome": "ok", "reason": "", **git.resolve(wanted["git"]["repo"], wanted["git"]["ref"])}
        if "host" in wanted:
            return {"kind": "host", "outcome": "ok", "reason": "", "host": wanted["host"]}
        content = baseline.load(wanted["baseline"], settings.allowed_signers)
        about = {name: content[name] for name in ("sha256", "created", "host")}
        return {"kind": "baseline", "outcome": "ok", "reason": "", "path": wanted["baseline"], **about}
    except ReferenceUnavailable as error:
        return {**_named(wanted), "outcome": "unknown", "reason": error.reason}


def _shown(about: Json) -> Json:
    """Return what is told of a reference, masked but for what names it: the next host finds it by that."""
    told: Json = {name: mask_texts(about[name]) for name in ("subject", "reason", "warnings") if name in about}
    return {**about, **told}


def _named(wanted: t.Mapping[str, t.Any]) -> Json:
    kind = next(iter(wanted))
    return {
        "kind": kind,
        **(wanted["git"] if kind == "git" else {"path" if kind == "baseline" else kind: wanted[kind]}),
    }


def stored_references(folder: RunFolder) -> list[Json]:
    """Return what a run's folder says of its references, by id."""
    names = [name for name in folder.files() if name.startswith(f"{_FOLDER}/")]
    return [folder.read(name) for name in names]
