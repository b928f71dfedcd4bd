# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan knows of a host's containers. Private to the collection."""

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]


class Rescued(t.NamedTuple):
    """What earlier rescues hold of containers.

    ``files`` are ``(container id, path, size, mtime)``, ``settings`` are ``(container id, key)``.
    """

    files: frozenset[tuple[t.Any, ...]] = frozenset()
    settings: frozenset[tuple[str, str]] = frozenset()


class Known(t.NamedTuple):
    """What a plan knows of one host's containers.

    ``contract`` is the host's; ``compose`` and ``containers`` are evidence, None where there is none; ``checks`` are
    the findings and waived checks of both sections on this host; ``changed`` the absolute paths of the files that the
    plan changes; ``discard`` says whether work that exists only in containers may be lost; ``restart_unhealthy`` and
    ``restart_with`` are the variables of that name.
    """

    root: str
    contract: Json
    compose: Json | None
    containers: Json | None
    checks: t.Sequence[Json]
    changed: frozenset[str]
    rescued: Rescued = Rescued()
    discard: bool = False
    restart_unhealthy: t.Sequence[str] = ()
    restart_with: t.Mapping[str, t.Sequence[str]] = {}
