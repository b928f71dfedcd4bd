# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drafts as files: where they lie, and that none is overwritten. Private to the collection."""

from __future__ import annotations

import os
import posixpath
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.discovery import Drafted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import application_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover import render
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import write_private
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError

_FOLDER = "discovered"

Json = dict[str, t.Any]


class DraftFolder:
    """The directory of one host's drafts. Paths below ``cwd`` are shown relative to it, as the user would type them."""

    def __init__(self, path: str, cwd: str) -> None:
        self.path = os.path.normpath(os.path.join(cwd, os.path.expanduser(path)))
        self._cwd = cwd

    def check_free(self) -> None:
        """Raise StoreError when something is there already: a draft that was worked on is never overwritten."""
        try:
            taken = sorted(os.listdir(self.path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self.path} cannot be used for drafts: {error.strerror}") from error
        if taken:
            raise StoreError(
                f"{self.path} holds {taken[0]} already, and drafts are never overwritten: "
                "move it away, or name another directory with -e discover_dest=<directory>"
            )

    def write(self, drafted: t.Sequence[Drafted], inventory: str) -> list[Json]:
        """Write each draft with its baseline, and return ``[{root, contract, baseline}]``, the files as absolute paths.

        ``inventory`` are the options that name the host. Raises StoreError.
        """
        written = []
        try:
            os.makedirs(self.path, mode=0o700, exist_ok=True)
            for one, name in zip(drafted, names([one.draft.root for one in drafted]), strict=True):
                contract = os.path.join(self.path, f"{name}.yml")
                baseline = os.path.join(self.path, f"{name}.baseline.json")
                usage = f"ansible-playbook evenkeel.drift.audit {inventory} -e @{self._shown(contract)}"
                text = render.text(one.draft, self._shown(baseline), usage, one.remaining)
                write_private(baseline, one.baseline)
                write_private(contract, text.encode("utf-8"))
                written.append({"root": one.draft.root, "contract": contract, "baseline": baseline})
        except OSError as error:
            raise StoreError(f"{self.path}: the drafts cannot be written: {error.strerror}") from error
        return written

    def _shown(self, path: str) -> str:
        below = os.path.relpath(path, self._cwd)
        return path if below.startswith("../") else below


def names(roots: t.Sequence[str]) -> list[str]:
    """Return a file name for each root: its own last part where that tells them apart."""
    short = [posixpath.basename(root) for root in roots]
    plain = [application_of(root).rpartition("-")[0] for root in roots]
    return [
        name if short.count(own) == 1 and plain.count(name) == 1 else application_of(root)
        for own, name, root in zip(short, plain, roots, strict=True)
    ]
