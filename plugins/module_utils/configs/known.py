# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads configurations only in order to know the secrets in them. Private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.apart import each_apart
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.content import Missing, read_content
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import secrets_in
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Parsed, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import format_of, read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

_AUTO = "auto"

_Spec = t.Mapping[str, t.Any]


def learn_from(asked: t.Sequence[_Spec], socket: str | None, host: Host) -> None:
    """Have ``host`` learn the secrets of configurations, as the section configs takes them.

    What cannot be read is left out here: the sections say so where it matters, and none of them shows what it was.
    """

    def look(one: _Spec, share: Host) -> dict[str, t.Any]:
        with contextlib.suppress(Missing, Unseen, Unreadable):
            share.learn(secrets_in(_read(one, socket, share), whole=one.get("secret") is True))
        return {}

    each_apart(asked, look, host)


def _read(one: _Spec, socket: str | None, host: Host) -> Parsed:
    """Return the keys of a configuration. Raises Missing, Unseen, Unreadable."""
    if one["kind"] != "path":
        return _environment(one, socket, host)
    path, form = one["path"], one.get("format") or _AUTO
    form = format_of(path) if form == _AUTO else form
    if not form:
        raise Unreadable("its name does not tell its format")
    return read_keys(read_content(path, host).head, form)


def _environment(one: _Spec, socket: str | None, host: Host) -> Parsed:
    # Only here: a host of which no environment is asked for is not sent the code that reads them.
    from ansible_collections.evenkeel.drift.plugins.module_utils.configs import environments

    if one["kind"] == "process":
        return environments.process_environment(one["patterns"], host)
    if one["kind"] == "unit":
        return environments.unit_variables(one["unit"], host)
    return environments.container(one["container"], socket, host).environment
