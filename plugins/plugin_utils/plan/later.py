# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What later deploys know of one that was interrupted, beside what it has told itself. Private to the collection.

``later.json`` lies in its folder: ``{host: [{deploy, said}]}``, in the order in which they came. Only the folder of a
deploy that did not end has one: one that ended is sealed, and the later deploy names it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

_FILE = "later.json"

Json = dict[str, t.Any]


def read(folder: RunFolder) -> Json:
    """Return what there is, nothing where nobody wrote any. Raises StoreError."""
    try:
        told: Json = folder.read(_FILE)
    except FileNotFoundError:
        return {}
    return told


def tell(folder: RunFolder, deploy: str, said: t.Mapping[str, str]) -> None:
    """Add what a deploy has to say of each host, unless it is said already. Raises StoreError."""
    told = read(folder)
    for host, sentence in sorted(said.items()):
        one, known = mask_texts({"deploy": deploy, "said": sentence}), told.setdefault(host, [])
        if one not in known:
            known.append(one)
    if said:
        folder.write(_FILE, told)


def words(told: t.Mapping[str, t.Sequence[Json]], host: str) -> str:
    """Return it as the end of a sentence."""
    return "".join(f"; the deploy {one['deploy']} after it: {one['said']}" for one in told.get(host, ()))
