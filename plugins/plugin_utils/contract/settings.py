# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public ``drift_*`` variables of one host: their shapes, defaults and validation. Private to the collection."""

from __future__ import annotations

import dataclasses
import hashlib
import os.path
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import reference, shapes, waivers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.plain import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import (
    OVERVIEWS,
    Contract,
    SectionName,
    default_contract,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    ContractError,
    Key,
    ListOf,
    Problems,
    Wrong,
    found,
    is_unset,
    nearest,
    unknown_key,
)

PREFIX = "drift_"
RUN_WIDE = ("drift_fail_on", "drift_output_dir", "drift_save_baseline", "drift_sections")
"""Variables that must be equal on all hosts of a run."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What one host is audited with. Field ``x`` is variable ``drift_x``, validated and complete."""

    environment: str
    application: str
    root: str
    reference: dict[str, t.Any] | None
    """``{git: {repo, ref}}``, ``{host: name}`` or ``{baseline: path}``"""
    contract: dict[str, t.Any]
    """By section; and ``pipeline``, ``catalogue`` and ``criteria``, as far as it has them."""
    waivers: list[dict[str, t.Any]]
    fail_on: str
    sections: list[str]
    """The sections to audit, all of them in ``contract``."""
    output_dir: str
    keep_runs: int
    keep_deploys: int
    keep_verifications: int
    keep_rescues: int | None
    run: str | None
    save_baseline: str | None
    signing_key: str | None
    allowed_signers: str | None
    rehash: str
    rehash_after: int
    """Seconds, as is ``host_timeout``."""
    host_timeout: int
    workers: int
    nice: int
    max_diff_kb: int
    allow_commands: bool
    public_values: list[str]
    """What hosts have under names of secrets, and is none."""
    plan: str | None
    state_dir: str | None

    def as_dict(self) -> dict[str, t.Any]:
        """Return the settings as plain JSON values, keyed as the fields."""
        return dataclasses.asdict(self)


class HomePath(shapes.HostPath):
    """An absolute path on a host that is not its root."""

    NEVER_EMPTY = True

    def describe(self) -> str:
        return "absolute path of a directory on the host"

    def convert(self, value: t.Any) -> str:
        path = super().convert(value)
        if path == "/":
            raise Wrong(f"expected an {self.describe()} of its own, found {found(value)}")
        return path


class RunName(shapes.LocalPath):
    """The id of a run, left as it is, or the path of its folder."""

    def describe(self) -> str:
        return "run id, or path of a run folder on the control node"

    def convert(self, value: t.Any) -> str:
        path = super().convert(value)
        return path if "/" in value or value in (".", "..", "~") else str(value)


def variables(cwd: str = ".") -> dict[str, Key]:
    """Return every public variable; relative paths of the control node start at ``cwd``."""
    local = shapes.LocalPath(cwd)
    return {
        "drift_root": Key(
            shapes.HostPath(), REQUIRED, "where the application lives; relative contract paths start there"
        ),
        "drift_reference": Key(reference.Reference(cwd), None, "what to compare with; unset: only rules are judged"),
        "drift_repo": Key(local, None, "short for `drift_reference: {git: {repo: …, ref: HEAD}}`"),
        "drift_contract": Key(Contract(), default_contract(), "what to audit, by section"),
        "drift_waivers": Key(waivers.SHAPE, [], "differences that are accepted until a date"),
        "drift_environment": Key(shapes.Name(), None, "the host's environment; unset: named after its inventory"),
        "drift_application": Key(
            shapes.Name(), None, "the application; unset: the name of drift_root and a hash of it"
        ),
        "drift_fail_on": Key(
            shapes.Choice((*shapes.SEVERITIES[:-1], "never")),
            "high",
            "a host fails from this severity on, and on anything that could not be seen",
        ),
        "drift_sections": Key(
            ListOf(SectionName(), minimum=1, split=True), None, "audit only these sections; unset: all of the contract"
        ),
        "drift_output_dir": Key(local, "drift-runs", "where run folders are made"),
        "drift_keep_runs": Key(shapes.Integer(1, 100_000), 30, "how many run folders are kept"),
        "drift_keep_deploys": Key(shapes.Integer(1, 100_000), 100, "how many folders of deploys that ended are kept"),
        "drift_keep_verifications": Key(
            shapes.Integer(1, 100_000), 100, "how many folders of verifications that ended are kept"
        ),
        "drift_keep_rescues": Key(
            shapes.Integer(1, 100_000), None, "how many rescues are kept whose work is in the repository; unset: all"
        ),
        "drift_run": Key(RunName(cwd), None, "the stored run to judge again; not for an audit"),
        "drift_save_baseline": Key(local, None, "write what was seen to this file, to compare with later"),
        "drift_signing_key": Key(local, None, "sign the baseline with this SSH key"),
        "drift_allowed_signers": Key(
            local, None, "accept a baseline only when signed by a key in this file, in the format of ssh-keygen"
        ),
        **_of_observing(),
        "drift_plan": Key(local, None, "the reviewed plan that a deploy applies; not for an audit"),
        "drift_state_dir": Key(
            HomePath(),
            None,
            "where a host keeps restore points and journals of changes; unset: /var/lib/evenkeel, or "
            "$XDG_STATE_HOME/evenkeel of a user who is not root; an audit only reads there",
        ),
    }


def _of_observing() -> dict[str, Key]:
    """Return the variables that say how a host is observed."""
    return {
        "drift_rehash": Key(
            shapes.Choice(("auto", "always")), "auto", "auto: read only files whose metadata changed; always: read all"
        ),
        "drift_rehash_after": Key(shapes.Duration(), "7d", "with auto: read all when the last full reading is older"),
        "drift_host_timeout": Key(shapes.Duration(), 300, "what a host has not shown by then is unknown"),
        "drift_workers": Key(shapes.Integer(0, 256), 0, "processes that read files on a host; 0: one a core"),
        "drift_nice": Key(shapes.Integer(0, 19), 10, "how far they step back for others; 19 is furthest"),
        "drift_max_diff_kb": Key(shapes.Integer(0, 10_240), 64, "largest text diff of one file, in KiB; 0: no diffs"),
        "drift_allow_commands": Key(
            shapes.Boolean(), False, "whether the commands of the contract run on the host; without it they are unknown"
        ),
        "drift_public_values": Key(
            ListOf(shapes.Text(lines=True)),
            [],
            "values that are no secrets, although a host has them under the name of one; "
            "they do not keep a run from being sealed",
        ),
    }


def resolve(
    values: t.Mapping[str, t.Any],
    *,
    cwd: str,
    inventory_file: str | None = None,
    inventory_sources: t.Sequence[str] = (),
) -> Settings:
    """Return the settings that one host's variables give; names without ``drift_`` are not looked at.

    ``inventory_file`` and ``inventory_sources`` are Ansible's ``inventory_file`` and ``ansible_inventory_sources``,
    ``cwd`` is the directory that the user stands in. What counts as unset is up to ``schema.is_unset``.
    Raises :class:`ContractError` with all that is wrong.
    """
    problems = Problems()
    known = variables(cwd)
    given = {}
    for name in sorted(name for name in values if name.startswith(PREFIX)):
        if name not in known:
            problems.add(name, unknown_key(nearest(name, known), known, "variable"))
        elif not is_unset(name, known[name], values[name], problems):
            try:
                given[name] = plain(values[name], name)
            except ContractError as error:
                problems.merge(error.errors)
    result = _read(known, given, problems)
    if given.get("drift_repo") and given.get("drift_reference"):
        problems.add("drift_repo", "cannot be set together with drift_reference, it is short for it")
    problems.raise_any()
    return _settings(result, environment_of(inventory_file, inventory_sources))


def _read(known: dict[str, Key], given: dict[str, t.Any], problems: Problems) -> dict[str, t.Any]:
    result: dict[str, t.Any] = {}
    for name, key in known.items():
        value = given.get(name, None if key.default is REQUIRED else key.default)
        if name == "drift_root" and value is None:
            problems.add(name, "is not set: say where the application lives on the host, e.g. -e drift_root=/srv/app")
        result[name] = None if value is None else key.shape.read(value, name, problems)
    missing = [section for section in result["drift_sections"] or [] if section not in result["drift_contract"]]
    if missing and not len(problems):
        problems.add("drift_sections", f"names {missing[0]}, which drift_contract does not have")
    return result


def _settings(result: dict[str, t.Any], environment: str) -> Settings:
    root = result["drift_root"]
    repo = result.pop("drift_repo")
    if repo:
        result["drift_reference"] = {"git": {"repo": repo, "ref": "HEAD"}}
    fields = {name.removeprefix(PREFIX): value for name, value in result.items()}
    contract: dict[str, t.Any] = fields["contract"]
    asked: list[str] | None = fields["sections"]
    fields["sections"] = [name for name in contract if name not in OVERVIEWS and (not asked or name in asked)]
    fields["environment"] = fields["environment"] or environment
    fields["application"] = fields["application"] or application_of(root)
    return Settings(**fields)


def environment_of(inventory_file: str | None, inventory_sources: t.Sequence[str]) -> str:
    """Return an environment's name from the inventory that a host came from.

    A directory gives its own name, a file its stem, a host list (``web1,``) gives ``default``.
    """
    if not inventory_file or "," in inventory_file:
        return "default"
    for source in inventory_sources:
        folder = os.path.normpath(source)
        if inventory_file.startswith(folder + "/"):
            return _safe(os.path.basename(folder))
    return _safe(os.path.splitext(os.path.basename(inventory_file))[0])


def application_of(root: str) -> str:
    """Return the default name of the application at ``root``: readable, and different for each path."""
    digest = hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{_safe(posixpath.basename(root))}-{digest}"


def _safe(name: str) -> str:
    return re.sub("[^A-Za-z0-9_.-]", "-", name).lstrip(".-")[:50] or "default"
