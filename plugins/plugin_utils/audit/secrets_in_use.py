# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that hosts of a run use, as its evidence and its private part tell them. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.learned import learned, public
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.in_use import SECTIONS, secrets_of, unread
from ansible_collections.evenkeel.drift.plugins.plugin_utils.committed.search import Values
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

Json = dict[str, t.Any]


class User(t.NamedTuple):
    """Who uses a secret. ``name`` is empty where a collector read it and its evidence does not tell it."""

    environment: str
    name: str
    host: str


@dataclasses.dataclass
class InUse:
    """The secrets in use, by keyed digest; ``certain`` are those that are secret by their name.

    ``unseen`` is ``[{host, section}]``, what could not be seen; of the hosts ``without`` none is known.
    """

    users: dict[str, set[User]] = dataclasses.field(default_factory=dict)
    certain: set[str] = dataclasses.field(default_factory=set)
    unseen: list[Json] = dataclasses.field(default_factory=list)
    without: list[str] = dataclasses.field(default_factory=list)

    def values(self) -> Values:
        """Return what is to be looked for."""
        unnamed = {digest for digest, users in self.users.items() if not any(user.name for user in users)}
        named = self.users.keys() - unnamed
        return Values(frozenset(self.users), frozenset(named - self.certain), frozenset(unnamed))


def in_use(folder: RunFolder, hosts: t.Iterable[str]) -> InUse:
    """Return the secrets that hosts use."""
    found = InUse()
    harmless = public(folder)
    for host in hosts:
        kept = evidence.load(folder, host, evidence.SETTINGS) or {"contract": {}, "environment": ""}
        environment = kept["environment"]
        for section in SECTIONS:
            if section in kept["contract"]:
                _add(found, folder, User(environment, "", host), section, harmless)
        for digest in learned(folder, host):
            users = found.users.setdefault(digest, set())
            if not any(user.host == host for user in users):
                users.add(User(environment, "", host))
        if not any(user.host == host for users in found.users.values() for user in users):
            found.without.append(host)
    return found


def _add(found: InUse, folder: RunFolder, user: User, section: str, harmless: t.Container[str]) -> None:
    """Add the secrets that one section tells, but what is ``harmless``."""
    seen = evidence.load(folder, user.host, section)
    if seen is None or seen["outcome"] != "ok":
        found.unseen.append({"host": user.host, "section": section})
        return
    found.unseen += [{"host": user.host, "section": f"{section} ({name})"} for name in unread(section, seen["data"])]
    for secret in secrets_of(section, seen["data"]):
        if secret.digest in harmless:
            continue
        found.users.setdefault(secret.digest, set()).add(user._replace(name=secret.name))
        if secret.certain:
            found.certain.add(secret.digest)
