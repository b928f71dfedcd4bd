# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control node's half of observing one section on one host. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

Json = dict[str, t.Any]


@dataclasses.dataclass
class Context:
    """What the exchanges of one host share.

    * ``key``: the run's key for secret content
    * ``rehash``: read every file, whatever its times say; happens by itself after ``rehash_after_s`` seconds
    * ``whole``: ask for whole trees too, for others to be compared with; they and their keyed digests end up in
      ``whole_trees``, by name
    * ``contract``: the contract of all sections that are observed, for those that serve another
    * ``declared``: the contract of all sections of the host, for entries that name those of a section which is not
      observed this time
    * ``public``: values that are no secrets, whatever a host calls them
    * ``check_mode``: send nothing that may change something, also where the contract says so
    * ``allow_commands``: whether commands of the contract may run on the host
    * ``changes``: the application whose record of changes the host is asked for (``observe/changes.py``), None: none
    * ``earlier``: the evidence data of the sections that were read before in this observation
    * ``learned``: digests under the key of the secrets that the host has told to know of in this observation
    """

    host: str
    root: str
    cache: Cache
    side: Side | None = None
    key: bytes = b""
    rehash: bool = False
    max_diff_bytes: int = 64 * 1024
    rehash_after_s: int = 7 * 86400
    whole: bool = False
    check_mode: bool = False
    allow_commands: bool = False
    public: t.Sequence[str] = ()
    contract: Json = dataclasses.field(default_factory=dict)
    declared: Json = dataclasses.field(default_factory=dict)
    changes: Json | None = None
    earlier: Json = dataclasses.field(default_factory=dict)
    learned: set[str] = dataclasses.field(default_factory=set)
    whole_trees: dict[str, tuple[Directories, dict[str, str]]] = dataclasses.field(default_factory=dict)


class Exchange:
    """Turns a section's contract into a request, and the host's answer into evidence.

    This default serves a section whose contract is its request and whose answer is its evidence.
    """

    def __init__(self, contract: t.Any, context: Context) -> None:
        self.contract = contract
        self.context = context

    def request(self) -> Json:
        """Return what the host's collector is asked."""
        return dict(self.contract)

    def read(self, data: Json) -> Json:
        """Return the evidence data in a host's answer. Raises GarbledAnswer, ReferenceUnavailable."""
        return data

    def follow_up(self, data: Json) -> Json | None:
        """Return the sections of a second request, for what only drift makes worth asking; None when there is nothing
        to ask.
        """
        return None

    def read_follow_up(self, data: Json, sections: Json) -> None:
        """Add the answer to the second request, the ``data`` of each section that has any, to the evidence data.

        Raises GarbledAnswer, ReferenceUnavailable.
        """
