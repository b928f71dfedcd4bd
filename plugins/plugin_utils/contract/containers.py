# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``containers`` section: what must hold for all containers of a host, and which must be there.

Private to the collection.
"""

from __future__ import annotations

import fnmatch
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.resources import Number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    below,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms

CHECKS = (
    *("running", "health", "oom", "restarts", "memory", "memory_limit", "layer", "image_current"),
    *("exposed", "port", "compose", "present", "image", "user", "networks", "declared"),
)
"""The checks of this section, whose severity can be set."""


class SocketPath(shapes.HostPath):
    """The path of an engine's socket; a URL is not one."""

    def convert(self, value: t.Any) -> str:
        if isinstance(value, str) and value.startswith("unix:///"):
            raise Wrong(f"expected an {self.describe()}, write {value[len('unix://') :]} without unix://")
        if isinstance(value, str) and "://" in value:
            raise Wrong(f"expected an {self.describe()}, found {found(value)}: only an engine of the host is asked")
        return super().convert(value)


class Megabytes(Shape):
    """A limit for each of some containers."""

    def describe(self) -> str:
        return "map of container or Compose service to MiB"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, float]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        number = Number(100_000_000)
        return {name: number.read(value[name], below(place, name), problems) for name in value}


class LayerRule(Shape):
    """Whether, or where, files of a container may differ from its image."""

    def __init__(self) -> None:
        self._patterns = ListOf(shapes.Pattern(), minimum=1)

    def describe(self) -> str:
        return "true, false, or list of gitignore patterns"

    def read(self, value: t.Any, place: str, problems: Problems) -> bool | list[str] | None:
        if isinstance(value, list):
            return self._patterns.read(value, place, problems)
        if isinstance(value, bool):
            return value
        problems.add(place, f"expected {self.describe()}, found {found(value)}")
        return None


_EXPECTED = ListOf(
    Map(
        {
            "name": Key(shapes.Text(), REQUIRED, "the container's name, unique"),
            "image": Key(
                shapes.Text(), None, "the image that it must run: its name, a digest, or the beginning of its id"
            ),
            "running": Key(shapes.Boolean(), True, "whether it must run, or must not"),
            "networks": Key(ListOf(shapes.Text()), None, "the networks that it must be in; unset: not judged"),
            "user": Key(shapes.Text(), None, "the user that it must run as; unset: not judged"),
        }
    ),
    unique="name",
)


def _chosen(section: dict[str, t.Any]) -> None:
    """Raise Wrong for an expected container that is not looked at."""
    for entry in section["expected"]:
        name = entry["name"]
        if not any(fnmatch.fnmatchcase(name, one) for one in section["names"]):
            raise Wrong(f"expects {name}, which names leaves out")
        if any(fnmatch.fnmatchcase(name, one) for one in section["ignore"]):
            raise Wrong(f"expects {name}, which ignore leaves out")
    if section["only_expected"] and not section["expected"]:
        raise Wrong("only_expected needs expected")


_RESTARTS = "how often the engine may have restarted a container; unset: not judged"
_LAYER = (
    "files that differ from the image: `true`: none may, patterns of absolute paths: none that they match, `false`: "
    "not looked for; unset: told, no drift"
)

SHAPE = Map(
    {
        "socket": Key(SocketPath(), None, "the engine's socket; unset: where Docker and Podman usually listen"),
        "engine": Key(shapes.Choice(("docker", "podman")), None, "the engine that must answer; unset: either"),
        "names": Key(ListOf(shapes.Text(), minimum=1), ["*"], "the containers to look at; `*` and `?` as in a shell"),
        "ignore": Key(ListOf(shapes.Text()), [], "containers to leave out of these"),
        "all_healthy": Key(shapes.Boolean(), True, "whether all that have a health check must pass it"),
        "require_compose": Key(shapes.Boolean(), False, "whether each must be part of a Compose project"),
        "max_restarts": Key(shapes.Integer(0, 1_000_000), None, _RESTARTS),
        "memory_mb": Key(Megabytes(), {}, "how much memory each of these may use"),
        "no_layer_changes": Key(LayerRule(), None, _LAYER),
        "bind_local": Key(shapes.Boolean(), False, "whether ports may be published on loopback addresses only"),
        "expected": Key(_EXPECTED, [], "containers that must be there"),
        "only_expected": Key(shapes.Boolean(), False, "whether other containers are drift"),
        **terms(CHECKS),
    },
    check=_chosen,
)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""
