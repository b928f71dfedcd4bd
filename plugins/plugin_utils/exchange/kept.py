# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that a host keeps of a change, so that the next one need not send it. Private to the collection.

A host says which packs it has in the first answer of a deploy (``act/leftover.py``). It is trusted in none of this: a
pack is named by its digest, and the host runs what has that digest, or says that it is not there.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import typing as t

RECOVERED, CHANGED = "__sync_recovered", "__sync_changed"
"""What the role sync registers of the tasks that know what a host keeps; the later one knows more."""
MISSING = "code_missing"
"""The key by which a host says that a pack which it was to have is not there."""

_NAME = re.compile("[0-9a-f]{16}-[0-9a-f]{64}")

Json = dict[str, t.Any]


class Kept(t.NamedTuple):
    """The packs of code that a host has in ``folder``, by name."""

    folder: str
    names: frozenset[str]

    def of_version(self, version: str) -> Kept:
        """Return those of one version of the code. Those of others go with the next change."""
        return self._replace(names=frozenset(name for name in self.names if name.startswith(f"{version}-")))

    def has(self, pack: str) -> bool:
        """Return whether a pack is among them."""
        return any(name.endswith(digest(pack)) for name in self.names)

    def told(self) -> Json:
        """Return it as a result of a task that :func:`of` reads."""
        return {"folder": self.folder, "names": sorted(self.names)}


def of(variables: t.Mapping[str, t.Any]) -> Kept | None:
    """Return what the host of a task keeps, None outside of a deploy or when nothing is to be kept."""
    for name in (CHANGED, RECOVERED):
        registered = variables.get(name)
        found = read(registered.get("code")) if isinstance(registered, dict) else None
        if found is not None:
            return found
    return None


def read(told: t.Any) -> Kept | None:
    """Return what a host says that it keeps, None for anything that is not of that shape."""
    folder, names = (told.get("folder"), told.get("names")) if isinstance(told, dict) else (None, None)
    if not isinstance(folder, str) or not folder.startswith("/") or not isinstance(names, list):
        return None
    return Kept(folder, frozenset(name for name in names if isinstance(name, str) and _NAME.fullmatch(name)))


@functools.cache
def digest(pack: str) -> str:
    """Return the SHA-256 of a pack of code, which is base64 on its way."""
    return hashlib.sha256(base64.b64decode(pack)).hexdigest()


def version(packs: t.Iterable[str]) -> str:
    """Return what stands before the names of all packs of one version of the code: when it moves, older ones go."""
    return hashlib.sha256("".join(digest(pack) for pack in packs).encode("ascii")).hexdigest()[:16]
