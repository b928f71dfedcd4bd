# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``compose`` section: the Compose projects of a host. Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Wrong,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = ("files", "service", "extra", "scale", "setting", "image", "reference", "stale", "names")
"""The checks of this section, whose severity can be set."""


class Project(shapes.Text):
    """A project's name, as Compose allows it."""

    def describe(self) -> str:
        return "name of a Compose project"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        if not re.fullmatch("[a-z0-9][a-z0-9_-]{0,62}", text):
            raise Wrong(
                f"expected a {self.describe()}: small letters, digits, dash and underscore, found {found(text)}"
            )
        return text


SHAPE = ListOf(
    Map(
        {
            "project": Key(Project(), REQUIRED, "the project's name, as `docker compose ls` shows it"),
            "directory": Key(shapes.AnyPath(), ".", "where its files are"),
            "files": Key(
                shapes.OneOrMore(shapes.RootPath()),
                [],
                "its Compose files in their order, relative to the directory; unset: those that Compose looks for",
            ),
            "env_file": Key(shapes.RootPath(), None, "instead of `.env`: the file with its variables"),
            "profiles": Key(
                ListOf(shapes.Text()), [], "the profiles that are in use; unset: `COMPOSE_PROFILES` of `.env`"
            ),
            "socket": Key(
                shapes.HostPath(),
                None,
                "the engine's socket; unset: that of `containers`, or where engines usually listen",
            ),
            "reference": Key(
                shapes.Boolean(), True, "whether the host's Compose files are compared with those of a git reference"
            ),
            "ignore": Key(
                ListOf(shapes.Text()),
                [],
                "what may differ: patterns of `service.key`, such as `web.environment.DEBUG` or `*.labels.*`",
            ),
            **terms(CHECKS),
        }
    ),
    minimum=1,
    unique="project",
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
