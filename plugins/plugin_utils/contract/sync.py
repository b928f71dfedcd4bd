# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public ``sync_*`` variables: their shapes, defaults and validation. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.hooks import PHASES
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import prefixed, shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    Key,
    ListOf,
    MapOf,
    Problems,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync_services import (
    Command,
    Followers,
    Reloads,
    check_restart,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync_shapes import (
    WINDOW,
    Apart,
    Batches,
    Branch,
    PlanId,
)

PREFIX = "sync_"
KEEP_CODE = "sync_keep_code"
BATCHES = "sync_serial"
"""How many hosts are changed at once. The playbook reads it before any host's variables exist."""

LEVELS = ("config", "containers", "full")
"""The levels of a rollback; each holds those before it."""


def variables() -> dict[str, Key]:
    """Return every ``sync_*`` variable."""
    batches = Key(Batches(), None, "how many hosts are changed at once; unset: all. With -e or from the playbook")
    code = Key(
        shapes.Boolean(), True, "whether a host keeps the code of a change, so that the next one need not send it"
    )
    # A gate that is asked for is not dropped because nothing stands behind it.
    asked = {name: dataclasses.replace(key, never_empty=True) for name, key in _gates().items()}
    return {**_files(), **asked, **_services(), KEEP_CODE: code, BATCHES: batches}


def _files() -> dict[str, Key]:
    """Return those that say which files change, and how."""
    return {
        "sync_strategy": Key(
            shapes.Choice(("tree", "git", "release")),
            "tree",
            "how files get there; tree: only what differs, by itself; git: and the host's repository with it, to the "
            "commit; release: into a new folder, to which a link is switched",
        ),
        "sync_branch": Key(
            Branch(), None, "with git: the branch that the host's repository is on afterwards; unset: as it is there"
        ),
        "sync_detached": Key(shapes.Boolean(), False, "with git: whether HEAD is on no branch afterwards"),
        "sync_shared": Key(
            Apart(shapes.RootPath()),
            [],
            "with release: paths that all releases share, such as .env, logs or data",
        ),
        "sync_releases_keep": Key(
            shapes.Integer(2, 1000), 5, "with release: how many releases a host keeps, the one in use among them"
        ),
        "sync_prune": Key(shapes.Boolean(), False, "whether files are removed that the reference has removed"),
        "sync_overwrite_host_work": Key(
            shapes.Boolean(), False, "whether work that exists only on the host may be overwritten"
        ),
        "sync_proposals": Key(
            ListOf(shapes.Text()), [], "which proposals of the plan are applied with it, by their names"
        ),
    }


def _gates() -> dict[str, Key]:
    """Return those that say under what a plan may be applied."""
    return {
        "sync_require_approval": Key(
            shapes.Boolean(), False, "whether a plan needs the approval of somebody who has read it"
        ),
        "sync_approve": Key(PlanId(), None, "the id of the plan that is approved"),
        "sync_window": Key(ListOf(WINDOW), [], "when changes may begin; unset: at any time"),
        "sync_clean_reference": Key(
            shapes.Boolean(), False, "whether the reference's work tree must hold no uncommitted changes"
        ),
        "sync_rehearsed": Key(
            shapes.Choice(LEVELS),
            None,
            "a level of rollback that must have been rehearsed on each host",
        ),
        "sync_rehearsed_within": Key(shapes.Duration(), "30d", "how long ago that may be"),
        "sync_after": Key(shapes.Name(), None, "an environment that must be in sync with the same commit first"),
        "sync_classified": Key(
            shapes.Boolean(), False, "whether every key of the declared configurations must have a rule before a change"
        ),
        "sync_tests": Key(
            ListOf(shapes.Text(), minimum=1),
            None,
            "a command, as a list of its arguments, that must succeed in a checkout of the reference",
        ),
        "sync_tests_timeout": Key(shapes.Duration(), "10m", "what the command may take"),
    }


def _services() -> dict[str, Key]:
    """Return those that say what follows for what runs."""
    return {
        "sync_services": Key(
            shapes.Boolean(), True, "whether what uses a change is restarted, and what should run is started"
        ),
        "sync_services_timeout": Key(shapes.Duration(), "2m", "what each step on a service, and each hook, may take"),
        "sync_kill": Key(shapes.Boolean(), False, "whether a duplicate process that does not end when asked is killed"),
        "sync_hooks": Key(
            MapOf(PHASES, ListOf(Command()), "moment"), {}, "commands of yours that run on each host that is changed"
        ),
        "sync_restart": Key(
            ListOf(shapes.Text(), split=True),
            [],
            "units and processes of the contract, containers, Compose services that are restarted, and nothing else is "
            "done",
        ),
        "sync_reload": Key(
            Reloads(),
            {},
            "units that are reloaded, not restarted, where all that changed are these files: each reads them again by "
            "its `ExecReload=`",
        ),
        "sync_restart_unhealthy": Key(
            ListOf(shapes.Text()),
            [],
            "containers or Compose services, `*` and `?` as in a shell, that are restarted when they are not well and "
            "nothing else is done about them",
        ),
        "sync_restart_with": Key(
            Followers(), {}, "containers or Compose services that are restarted when the one that is named changes"
        ),
    }


@dataclasses.dataclass(frozen=True)
class SyncSettings:
    """Field ``x`` is variable ``sync_x``, validated and complete."""

    strategy: str
    branch: str | None
    detached: bool
    shared: list[str]
    releases_keep: int
    prune: bool
    overwrite_host_work: bool
    proposals: list[str]
    require_approval: bool
    approve: str | None
    window: list[dict[str, t.Any]]
    clean_reference: bool
    rehearsed: str | None
    rehearsed_within: int
    after: str | None
    classified: bool
    tests: list[str] | None
    tests_timeout: int
    services: bool
    services_timeout: int
    kill: bool
    hooks: dict[str, list[list[str]]]
    restart: list[str]
    reload: dict[str, list[str]]
    restart_unhealthy: list[str]
    restart_with: dict[str, list[str]]
    keep_code: bool
    serial: t.Any


def documented_keys() -> list[tuple[str, Key]]:
    """Return what docs/deploy.md lists: each variable, and what is below it."""
    return prefixed.documented(variables())


def resolve(values: t.Mapping[str, t.Any]) -> SyncSettings:
    """Return the settings that the variables give; names without ``sync_`` are not looked at.

    What counts as unset is up to ``schema.is_unset`` and ``check_restart``. The prefix may be another role's too: of
    the names that nobody knows, those are refused that look like one of ours. Raises ContractError with all that is
    wrong.
    """
    problems = Problems()
    read = prefixed.read(values, PREFIX, variables(), problems)
    if read["sync_approve"] and not read["sync_require_approval"] and not len(problems):
        problems.add("sync_approve", "approves a plan, but sync_require_approval is not true: nothing asks for it")
    check_restart(values, read, problems)
    if read["sync_shared"] and read["sync_strategy"] != "release":
        problems.add("sync_shared", f"is for sync_strategy: release, and that is {read['sync_strategy']}")
    if read["sync_strategy"] != "git":
        for name in ("sync_branch", "sync_detached"):
            if read[name]:
                problems.add(name, f"is for sync_strategy: git, and that is {read['sync_strategy']}")
    elif read["sync_branch"] and read["sync_detached"]:
        problems.add("sync_detached", f"HEAD cannot be on no branch and on sync_branch, {read['sync_branch']}")
    problems.raise_any()
    return SyncSettings(**{name.removeprefix(PREFIX): value for name, value in read.items()})
