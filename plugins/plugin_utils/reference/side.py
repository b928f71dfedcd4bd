# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an exchange asks of a reference, whatever its kind. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.config_side import Asked
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories

Json = dict[str, t.Any]


class Side:
    """The other side of a comparison. Every method may raise ReferenceUnavailable.

    ``modes`` is how modes are compared with it: ``exec`` or ``all`` (see ``module_utils/trees/spec.py``).
    """

    id: str
    modes = "all"

    def ignored(self) -> tuple[list[list[t.Any]], list[str]]:
        """Return the pattern pairs of what the reference ignores, and the paths that it tracks all the same."""
        return [], []

    def tree(self, name: str, spec: Json) -> Directories:
        """Return the reference's tree for a request of the contract's tree ``name``."""
        raise NotImplementedError

    def details(self, request: Json, commit: str | None = None) -> Json:
        """Return what the collector ``details`` says of files of the reference, or of another ``commit`` that its
        repository has, by path; nothing when they cannot be read again.
        """
        return {}

    def keyed(self, name: str, spec: Json, paths: t.Sequence[str], key: bytes) -> dict[str, str] | None:
        """Return the keyed digests of secret-class files, or None when this reference cannot be compared by them."""
        return None

    def compose(self, spec: Json, key: bytes) -> Json | None:
        """Return the services of a Compose project as the reference's files have them, ``{outcome, reason, services}``
        (``module_utils/compose/written.py``), or None when this reference holds no text of files.
        """
        return None

    def configs(self, asked: t.Sequence[Asked], key: bytes) -> list[Json]:
        """Return what the reference has of each configuration (``reference`` in docs/design.md); ``missing`` when it
        does not have it.
        """
        raise NotImplementedError

    def base(self, git_data: Json, name: str, spec: Json, host: Directories, reference: Directories) -> Base | None:
        """Return the older commit that a host's tree was deployed from, when it is known or can be recognised."""
        return None

    def peeled(self, tags: t.Mapping[str, str]) -> dict[str, str]:
        """Return the host's tags with the commit that each names, where the reference knows it."""
        return dict(tags)

    def relation(self, git_data: Json) -> Json | None:
        """Return how the host's repository stands to the reference; None when the reference has no history."""
        return None


class Base(t.NamedTuple):
    """The commit that a tree was deployed from: ``about`` goes into the evidence, ``directories`` is its manifest."""

    about: Json
    directories: Directories
