# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where restore points are kept besides their host: ``backup_restic``, ``backup_fetch``. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    Map,
    Problems,
    Wrong,
    is_unset,
)

RESTIC, FETCH = "backup_restic", "backup_fetch"

_SCHEMES = ("local", "sftp", "rest", "s3", "swift", "b2", "azure", "gs", "rclone")
_CREDENTIALS = re.compile(r"://[^/@\s]*:[^/@\s]+@")


class Address(shapes.Text):
    """Where a repository of restic is, as restic names it, without a password."""

    def describe(self) -> str:
        return "repository of restic: an absolute path on the host, or an address such as sftp:backup@192.0.2.7:/srv/r"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if _CREDENTIALS.search(text) or mask(text) != text:
            raise Wrong(
                "holds a password: leave it out here, and put RESTIC_REPOSITORY=… into a file of the host that "
                "env_file names"
            )
        if not text.startswith("/") and text.partition(":")[0] not in _SCHEMES:
            raise Wrong(f"expected a {self.describe()}; it begins with / or one of {', '.join(_SCHEMES)} and a colon")
        return text


class Named(shapes.Text):
    """The name of a host as restic takes it."""

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if text.startswith("-") or "," in text:
            raise Wrong("expected a name without commas that does not begin with a dash")
        return text


class Point(shapes.Text):
    """The id of a restore point."""

    NEVER_EMPTY = True

    def describe(self) -> str:
        return "id of a restore point"


def check_point(value: t.Any, place: str) -> None:
    """Refuse the empty name of a point, which is not the same as none. Raises ContractError."""
    problems = Problems()
    is_unset(place, Key(Point(), None, "which restore point"), value, problems)
    problems.raise_any()


def _complete(read: dict[str, t.Any]) -> None:
    if read["repository"] is None and read["env_file"] is None:
        raise Wrong("names no repository: say repository: …, or name an env_file of the host with RESTIC_REPOSITORY")


_KEYS = {
    "repository": Key(Address(), None, "where it is, as restic names it; unset: `RESTIC_REPOSITORY` of `env_file`"),
    "password_file": Key(shapes.HostPath(), REQUIRED, "the file on the host with the password of the repository"),
    "env_file": Key(
        shapes.HostPath(), None, "a file on the host with variables for restic, such as `AWS_SECRET_ACCESS_KEY`"
    ),
    "host": Key(
        Named(), None, "the name by which the points of this host are known there; unset: its name in the inventory"
    ),
    "keep": Key(shapes.Integer(1, 100_000), 30, "how many points of this host and application are kept there"),
    "keep_days": Key(
        shapes.Integer(1, 100_000), None, "points that are older are forgotten there; the newest one never is"
    ),
    "timeout": Key(shapes.Duration(), "1h", "what bringing a point there and reading it back may take"),
}
_RESTIC = Map(_KEYS, _complete)


def documented_keys() -> dict[str, list[tuple[str, Key]]]:
    """Return what docs/backup.md lists, by table."""
    shapes_of = {RESTIC: _RESTIC, FETCH: _fetch(".")}
    return {name: [(f"{name}{rest}", key) for rest, key in shape.inner()] for name, shape in shapes_of.items()}


def _fetch(cwd: str) -> Map:
    local = shapes.LocalPath(cwd)
    return Map(
        {
            "to": Key(local, REQUIRED, "the folder in which they are kept, as `<host>/<application>/<point>`"),
            "recipient": Key(
                local, REQUIRED, "the file with the certificate, as PEM, for whose owner the host encrypts them"
            ),
            "keep": Key(shapes.Integer(1, 100_000), 10, "how many points of a host and application are kept there"),
            "timeout": Key(shapes.Duration(), "1h", "what encrypting a point may take"),
        }
    )


def fetch(value: t.Any, cwd: str, place: str = FETCH) -> dict[str, t.Any] | None:
    """Return where points are fetched to as it is declared, complete; None where that is nowhere.

    Relative paths start at ``cwd``. Raises ContractError with all that is wrong.
    """
    return _read(_fetch(cwd), value, place)


def restic(value: t.Any, host: str, place: str = RESTIC) -> dict[str, t.Any] | None:
    """Return a repository of restic as it is declared, complete; None where none is: null, empty text or map.

    ``host`` is the name in the inventory, ``place`` where the value stands. Raises ContractError.
    """
    read = _read(_RESTIC, value, place)
    return None if read is None else {**read, "host": read["host"] or host}


def _read(shape: Map, value: t.Any, place: str) -> dict[str, t.Any] | None:
    value = plain(value, place)
    if value is None or value == "" or value == {}:
        return None
    problems = Problems()
    read = shape.read(value, place, problems)
    problems.raise_any()
    return read
