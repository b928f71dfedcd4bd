# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves what exists only on a host in a bundle and a patch on the control node."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.action.snapshot_info import ActionModule as SnapshotModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import FINDINGS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import sync
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.patterns import compile_selection
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import OUTCOME, GarbledAnswer, require
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates, making
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.source import Source, saved_in
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue import containers
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue import host as rescue
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import NOTHING, Undone
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.kept import ABOUT, prune
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_SECTION = {"outcome": OUTCOME, "reason": str, "data": dict}
_SECONDS = 300
# What keeps a host from being changed need not keep its work from being saved.
_NEEDED = ("observed", "reference", "coverage")
_NOTHING = {"changed": False, "files": [], "modes": [], "deleted": [], "not_rescued": [], "folder": None}

Json = dict[str, t.Any]


class ActionModule(SnapshotModule):
    """Reads on the host what an audit has just named, and writes on the control node alone."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super(SnapshotModule, self).run(tmp, variables)
        arguments = self.validate_argument_spec(
            argument_spec={
                "run": {"type": "str", "required": True},
                "allow_secrets": {"type": "list", "elements": "str", "default": []},
            }
        )[1]
        host = str(variables["inventory_hostname"])
        try:
            return self._rescue(RunFolder(arguments["run"]), host, arguments["allow_secrets"], variables)
        except HostUnseen as unseen:
            raise Refused(f"{host} could not be read: {unseen.reason}") from unseen
        except (ContractError, StoreError, ReferenceUnavailable, GarbledAnswer) as error:
            raise Refused(error, host) from error

    def _rescue(self, folder: RunFolder, host: str, allow_secrets: list[str], variables: Json) -> Json:
        cache = Cache(default_folder(os.environ))
        part, reference = making.make_part(folder, host, sync.resolve({}), cache)
        refused = gates.refusals(gate for gate in part["gates"] if gate["name"] in _NEEDED)
        if refused or reference is None:
            raise StoreError("; ".join(refused) or "nothing is known to rescue without a reference")
        trees: list[Json] = _data(folder, host, "trees").get("trees", [])
        entries, lost = rescue.wanted(trees, part)
        pages, too_many = rescue.pages(entries)
        for one in too_many:
            del entries[one["path"]]
        made, more = rescue.works(entries, self._contents(variables, part["root"], pages, allow_secrets, folder, host))
        inside = self._inside_containers(variables, part["root"], allow_secrets, folder, host)
        made, lost = [*made, *inside.works], [*lost, *too_many, *more, *inside.lost]
        bases = [tree["base"]["commit"] for tree in trees if tree.get("base")]
        base = bases[0] if bases else reference["commit"]
        undone = rescue.undone(part, _based(folder, host, Source(reference, cache), trees, base))
        if not made and not lost and undone == NOTHING:
            Display().display(terminal(f"{host}: nothing exists only there, as far as the contract goes"))
            return dict(_NOTHING)
        told: Json = {"modes": sorted(undone.modes), "deleted": list(undone.deleted), "not_rescued": _shown(lost)}
        changed = bool(made or undone.modes or undone.deleted)
        if self._task.check_mode:
            paths = [work.path for work in made]
            Display().display(_told(host, paths, undone, lost, None, part))
            return {"changed": changed, "files": paths, "folder": None, **told}
        kept = rescue.keep(os.path.dirname(folder.path), part, reference, base, made, lost, inside.kept, undone)
        about = kept.read(ABOUT)
        prune(os.path.dirname(folder.path), self._keep(variables), saved_in)
        Display().display(_told(host, sorted(about["files"]), undone, lost, kept, {**part, **about}))
        return {
            "changed": changed,
            "files": sorted(about["files"]),
            "folder": kept.path,
            "branch": about.get("branch"),
            "commit": about.get("commit"),
            **told,
        }

    def _keep(self, variables: Json) -> int | None:
        """Return how many rescues are kept. Raises ContractError."""
        return control.settings_without_host(variables, self._templar.template, "drift_keep_rescues").keep_rescues

    def _configurations(self, contract: Json, root: str, host: str) -> Json:
        """Return the request of the section configs, as an audit makes it; nothing when the contract has none."""
        if not contract.get("configs"):
            return {}
        context = Context(host=host, root=root, cache=Cache(default_folder(os.environ)), contract=contract)
        return exchange("configs", contract["configs"], context).request()

    def _contents(
        self,
        variables: Json,
        root: str,
        pages: t.Sequence[t.Sequence[str]],
        allow_secrets: list[str],
        folder: RunFolder,
        host: str,
    ) -> Json:
        """Return the host's answers about the contents of files, page by page. Raises HostUnseen, GarbledAnswer."""
        found: Json = {}
        for paths in pages:
            spec = {"paths": paths, "allow_secrets": allow_secrets}
            answer = self._asked(variables, root, folder, host, "contents", spec)
            require(answer, {"files": dict}, "the host's answer about contents")
            found.update((path, answer["files"][path]) for path in paths if path in answer["files"])
        return {"files": found}

    def _inside_containers(
        self, variables: Json, root: str, allow_secrets: list[str], folder: RunFolder, host: str
    ) -> containers.Inside:
        """Return what exists only in containers. Raises HostUnseen, GarbledAnswer."""
        contract = (evidence.load(folder, host, evidence.SETTINGS) or {})["contract"]
        findings = [one for one in folder.read(FINDINGS)["findings"] if one["host"] == host]
        seen = containers.Seen(
            _data(folder, host, "containers"), _data(folder, host, "compose"), contract, findings, allow_secrets
        )
        spec = containers.asked(seen)
        answer: Json = {"containers": []}
        if spec["containers"]:
            try:
                answer = self._asked(variables, root, folder, host, "layers", spec)
            except HostUnseen as unseen:
                if unseen.kind != "failed":
                    raise
                # An engine that does not answer keeps no other work from being saved.
                answer = containers.unanswered(spec, unseen.reason)
        return containers.inside(seen, answer)

    def _asked(self, variables: Json, root: str, folder: RunFolder, host: str, section: str, spec: Json) -> Json:
        """Return a host's answer to a question for contents. Raises HostUnseen, GarbledAnswer."""
        kept: Json = evidence.load(folder, host, evidence.SETTINGS) or {}
        secret = [line for tree in kept["contract"]["trees"] for line in tree["secret"]]
        spec = {**spec, "secret": compile_selection(secret), "max_bytes": rescue.MAX_BYTES}
        given = {
            "protocol": 1,
            "root": root,
            "timeout_s": _SECONDS,
            "workers": 1,
            "nice": 10,
            "key": None,
            # Where the host's secrets are, so that it knows them when it sees them elsewhere.
            "secrets": self._configurations(kept["contract"], root, host),
        }
        answer = self._sender(variables)({**given, "sections": {section: spec}})
        require(answer, {"sections": {section: _SECTION}}, "the host's answer")
        told = answer["sections"][section]
        if told["outcome"] != "ok":
            raise HostUnseen("failed", told["reason"])
        found: Json = told["data"]
        return found


def _data(folder: RunFolder, host: str, section: str) -> Json:
    """Return the evidence of a section, nothing where it was not asked or not seen."""
    found = evidence.load(folder, host, section)
    return found["data"] if found is not None and found["outcome"] == "ok" else {}


def _based(folder: RunFolder, host: str, source: Source, trees: t.Sequence[Json], base: str) -> dict[str, Json]:
    """Return the entries of the commit that a host was deployed from, of the trees of which that is known.

    Raises ReferenceUnavailable.
    """
    kept: Json = evidence.load(folder, host, evidence.SETTINGS) or {}
    contracts = {one["name"]: one for one in kept["contract"]["trees"]}
    found: dict[str, Json] = {}
    for tree in trees:
        if tree.get("base") and tree["base"]["commit"] == base:
            found.update(source.based(host, kept["root"], kept["contract"], contracts[tree["name"]], base))
    return found


def _shown(lost: t.Sequence[Json]) -> list[str]:
    return [terminal(f"{one['path']}: {one['reason']}") for one in lost]


def _told(
    host: str, paths: t.Sequence[str], undone: Undone, lost: t.Sequence[Json], kept: RunFolder | None, about: Json
) -> str:
    count = len(paths) + len(undone.modes)
    lines = [
        f"{host}: {number(count, 'path')} with work that exists only there{' would be saved' if kept is None else ''}"
    ]
    lines += [f"  {path}" for path in paths]
    lines += [f"  {path}: its mode" for path in sorted(undone.modes)]
    lines += [f"  deleted there: {path}" for path in undone.deleted]
    lines += [f"  not rescued: {one['path']}: {one['reason']}" for one in lost]
    if kept is not None:
        deleted = about.get("deleted") or {}
        lines += _ways(kept, about, "work.patch", about.get("branch"), "")
        lines += _ways(kept, about, "deleted.patch", deleted.get("branch"), "with what was deleted, ")
    return "\n".join(terminal(line) for line in lines)


def _ways(kept: RunFolder, about: Json, patch: str, branch: str | None, what: str) -> list[str]:
    """Return the commands that bring a rescue into the operator's repository."""
    if branch is None:
        return []
    repo, bundle = shlex.quote(about["repo"]), shlex.quote(kept.join("work.bundle"))
    return [
        f"  {what}as a branch: git -C {repo} fetch {bundle} {branch}:{branch}",
        f"  {what}as a patch: git -C {repo} am --keep-cr {shlex.quote(kept.join(patch))}",
    ]
