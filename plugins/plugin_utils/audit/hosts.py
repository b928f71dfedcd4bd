# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's part of a run: observe it, and leave its evidence in the run folder. Private to the collection."""

from __future__ import annotations

import os
import tempfile
import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import names_in
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.learned import keep_learned, keep_public
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run, run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.registry import OVERVIEWS, stored
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import (
    HostUnseen,
    Limits,
    Observation,
    Observer,
    Send,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.host import publish
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.sides import Sides
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder

READER = "evenkeel.drift.snapshot_info"

Json = dict[str, t.Any]


def utc_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def refuse(folder: RunFolder, host: str, reason: str) -> None:
    """Note that a host's variables cannot be used, so it was not observed."""
    environment = folder.read("run.json")["environments"][host]
    evidence.keep(folder, host, evidence.SETTINGS, {"environment": environment, "reference": None, "contract": {}})
    _keep_outcome(folder, host, environment, utc_now(), {"kind": "contract", "reason": reason})


def observe_alone(host: str, settings: Settings, send: Send, check_mode: bool = False) -> Json:
    """Observe a host outside of any run, and return ``{outcome, reason, sections: {name: evidence}}``."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-") as scratch:
        about = {"kind": "observation", "hosts": [host], "environments": {host: settings.environment}}
        folder = open_run(scratch, settings.environment, utc_now(), about)
        summary = HostRun(folder, host, settings, False, check_mode).observe(send)
        if summary["outcome"] != "ok":
            raise HostUnseen(summary["kind"], summary["reason"])
        return {**summary, "sections": {name: evidence.load(folder, host, name) for name in summary["sections"]}}


class HostRun:
    """A host in a run. ``for_others`` marks a reference host, whose whole tree the hosts after it are compared with;
    in ``check_mode`` nothing is sent anywhere that may change something.
    """

    def __init__(
        self, folder: RunFolder, host: str, settings: Settings, for_others: bool, check_mode: bool = False
    ) -> None:
        self._folder = folder
        self._host = host
        self._settings = settings
        self._for_others = for_others
        self._check_mode = check_mode
        self._started = utc_now()

    def observe(self, send: Send) -> Json:
        """Observe the host, keep the evidence, and return ``{outcome, reason, sections: {name: outcome}}``."""
        settings = self._settings
        sides = Sides(self._folder, Cache(default_folder(os.environ)))
        side, identity = sides.of(settings, self._host)
        contract = {name: settings.contract[name] for name in settings.sections}
        context = Context(
            host=self._host,
            root=settings.root,
            cache=sides.cache,
            side=side,
            key=run_key(self._folder),
            rehash=settings.rehash == "always",
            rehash_after_s=settings.rehash_after,
            max_diff_bytes=settings.max_diff_kb * 1024,
            whole=self._for_others or settings.save_baseline is not None,
            contract=contract,
            declared=settings.contract,
            check_mode=self._check_mode,
            allow_commands=settings.allow_commands,
            public=settings.public_values,
            changes=_changes_asked(settings),
        )
        self._keep_settings(identity)
        limits = Limits(settings.host_timeout, settings.workers, settings.nice)
        try:
            seen = Observer(contract, context, limits, send).observe()
        except HostUnseen as unseen:
            failure = {"kind": unseen.kind, "reason": unseen.reason}
            _keep_outcome(self._folder, self._host, settings.environment, self._started, failure)
            return {"outcome": "unknown", "reason": unseen.reason, "kind": unseen.kind, "sections": {}}
        if seen.reference_problem and identity is not None:
            sides.problem(identity, seen.reference_problem)
        harmless = names_in(stored(settings.contract)) | {value.strip() for value in settings.public_values}
        keep_public(self._folder, self._host, {keyed(context.key, value) or "" for value in harmless})
        keep_learned(self._folder, self._host, seen.learned)
        self._keep_sections(seen)
        self._publish(context)
        return {
            "outcome": "ok",
            "reason": seen.reference_problem,
            "sections": {name: section["outcome"] for name, section in seen.sections.items()},
        }

    def _keep_settings(self, identity: str | None) -> None:
        settings = self._settings
        kept = {
            "environment": settings.environment,
            "application": settings.application,
            "root": settings.root,
            "reference": identity,
            "branches": (settings.reference or {}).get("git", {}).get("branches", []),
            "contract": stored({name: settings.contract[name] for name in settings.sections}),
            "left_out": [one for one in settings.contract if one not in (*settings.sections, *OVERVIEWS)],
            "overviews": {name: settings.contract[name] for name in OVERVIEWS if name in settings.contract},
            "fail_on": settings.fail_on,
            "waivers": settings.waivers,
        }
        evidence.keep(self._folder, self._host, evidence.SETTINGS, kept)

    def _keep_sections(self, seen: Observation) -> None:
        kept = {
            "environment": self._settings.environment,
            "reader": READER,
            "user": seen.host["user"],
            "started": seen.started,
            "finished": seen.finished,
        }
        for name, section in seen.sections.items():
            evidence.keep(self._folder, self._host, name, {**kept, "section": name, **section})
        about = {"about": seen.host, "changes": seen.changes}
        _keep_outcome(self._folder, self._host, self._settings.environment, self._started, None, about)

    def _publish(self, context: Context) -> None:
        """Lay down the whole trees that others are compared with, or that a baseline is made of."""
        for name, (directories, secrets) in context.whole_trees.items():
            publish(self._folder, self._host, name, directories, secrets)


def _changes_asked(settings: Settings) -> Json:
    """Return what a host is asked of its own record of changes: those of the trees that processes depend on."""
    used = {name for entry in settings.contract.get("processes") or [] for name in entry["not_older_than"]}
    trees = {tree["name"]: tree["path"] for tree in settings.contract.get("trees") or [] if tree["name"] in used}
    return {"application": settings.application, "state_dir": settings.state_dir, "trees": trees}


def _keep_outcome(
    folder: RunFolder, host: str, environment: str, started: str, failure: Json | None, seen: Json | None = None
) -> None:
    content: Json = {
        "section": "run",
        "environment": environment,
        "started": started,
        "finished": utc_now(),
        "outcome": "ok" if failure is None else "unknown",
        "failure": failure,
        **(seen or {"about": {}, "changes": None}),
    }
    evidence.keep(folder, host, evidence.HOST, content)
