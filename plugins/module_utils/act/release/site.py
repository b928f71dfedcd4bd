# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the releases of an application lie on a host, and what is asked of them. Private to the collection.

``drift_root`` is a link, such as ``/srv/shop/current``, into a folder ``releases`` beside it; what all releases share
lies in a folder ``shared`` beside these. The request is ``{commit, keep, shared: [path below drift_root]}``.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.entry import parts_of
from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.act.operations import BadOperations
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import explain
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw, show

RELEASES = "releases"
SHARED = "shared"
MADE = re.compile(r"([0-9a-f]{12})-([0-9]{1,9})\Z")
"""The names of releases that were made here; others are somebody's own, and never removed."""
_OID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")


class Asked(t.NamedTuple):
    """A request that makes sense."""

    commit: str
    keep: int
    shared: tuple[str, ...]


class Site(t.NamedTuple):
    """Where releases lie: ``above`` holds the link ``link`` and the folder of releases; ``target`` is the link's text,
    ``name`` the release that it leads to.
    """

    above: str
    link: str
    target: str
    name: str

    def path(self, name: str) -> str:
        """Return the absolute path of a release."""
        return os.path.join(self.above, RELEASES, os.fsdecode(raw(name)))


def read(values: t.Any) -> Asked:
    """Return a request. Raises BadOperations with a message that names the place."""
    if not isinstance(values, dict):
        raise BadOperations("release: expected a dictionary with commit, keep and shared")
    commit, keep, shared = values.get("commit"), values.get("keep"), values.get("shared") or []
    if not isinstance(commit, str) or not _OID.match(commit):
        raise BadOperations(f"release.commit: expected the name of a commit, found {commit!r}")
    if not isinstance(keep, int) or isinstance(keep, bool) or keep < 2:
        raise BadOperations(f"release.keep: expected a number from 2 on, found {keep!r}")
    if not isinstance(shared, list):
        raise BadOperations("release.shared: expected a list of paths")
    for number, path in enumerate(shared):
        try:
            parts_of(path)
        except (ValueError, AttributeError, TypeError) as error:
            raise BadOperations(f"release.shared[{number}]: {error}") from None
        if any(path.startswith(f"{other}/") or path == other for other in [*shared[:number], *shared[number + 1 :]]):
            raise BadOperations(f"release.shared[{number}]: {path} is shared by another of them already")
    return Asked(commit, keep, tuple(shared))


def find(root: str) -> Site:
    """Return where the releases of ``root`` lie. Raises Refused with what to do."""
    above, link = os.path.split(root.rstrip("/"))
    try:
        target = os.readlink(root.rstrip("/"))
        above = os.path.realpath(above)
    except OSError as error:
        raise Refused(
            f"{root} is no link to a release ({explain(error)}): let drift_root be one, such as {above}/current. Where "
            f"the application lies in {root} now: mkdir {above}/{RELEASES}; mv {root} {above}/{RELEASES}/first; "
            f"ln -s {RELEASES}/first {root}"
        ) from None
    folder, name = os.path.split(os.path.join(above, target.rstrip("/")))
    if os.path.realpath(folder) != os.path.join(above, RELEASES) or name in ("", ".", ".."):
        raise Refused(
            f"{root} leads to {show(os.fsencode(target))}, which is no folder in {above}/{RELEASES}: move the release "
            "there, and the link with it"
        )
    if os.path.islink(os.path.join(above, RELEASES, name)):
        raise Refused(f"{above}/{RELEASES}/{name} is a link itself: let {root} lead to the release")
    return Site(above, show(os.fsencode(link)), show(os.fsencode(target)), show(os.fsencode(name)))


def names(site: Site) -> list[str]:
    """Return the names of the releases that were made here, the oldest first. Raises OSError."""
    found = [MADE.match(name) for name in os.listdir(os.path.join(site.above, RELEASES))]
    return [one.group(0) for one in sorted((one for one in found if one), key=lambda one: int(one.group(2)))]


def next_name(site: Site, commit: str) -> str:
    """Return the name of the next release: of its commit, and a number larger than all others. Raises OSError."""
    last = [int(name.rpartition("-")[2]) for name in names(site)]
    return f"{commit[:12]}-{max(last, default=0) + 1}"
