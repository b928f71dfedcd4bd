# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a host that nobody has described yet, and drafts a contract that fits it. Private to the collection.

A draft is tried out as an audit would use it, with a baseline of the try before, until an audit finds nothing.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.baseline import save_baseline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import HostRun, utc_now
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.judging import judge_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings, resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover import render
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.ask import Asker
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.draft import TREE, Draft, draft, spelled
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.refine import learn, refine
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import Survey, roots
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen, Limits, Send
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.host import published
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import StoreError

_TRIES = 8

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Drafted:
    """A finished draft. ``baseline`` is the file of what was seen; ``remaining`` what an audit would still find."""

    draft: Draft
    baseline: bytes
    remaining: list[str]


@dataclasses.dataclass(frozen=True)
class _Try:
    findings: list[Json]
    sections: dict[str, Json]
    directories: Directories | None
    unsaved: str


class Discovery:
    """One host. ``variables`` are those of its ``drift_*`` variables that say how to observe, not what."""

    def __init__(self, host: str, variables: t.Mapping[str, t.Any], cwd: str, send: Send) -> None:
        self._host = host
        self._variables = dict(variables)
        self._cwd = cwd
        self._send = send

    def survey(self) -> tuple[Survey, list[str]]:
        """Return what runs on the host, and the roots of the applications there: drift_root alone where that is set.

        Raises HostUnseen, ContractError.
        """
        root = self._variables.get("drift_root")
        settings = self._settings({"drift_root": root or "/"})
        limits = Limits(settings.host_timeout, settings.workers, settings.nice)
        survey = Asker(self._host, settings.root, limits, self._send).survey(show(settings.root) if root else None)
        return survey, [show(settings.root)] if root else sorted(roots(survey))

    def draft(self, survey: Survey, root: str) -> Drafted:
        """Return a draft for the application at ``root``. Raises HostUnseen, ContractError, StoreError."""
        if spelled(root) is None:
            raise StoreError("no contract can hold the name of this directory")
        made = draft(survey, self._host, root, utc_now())
        render.drop_unfit(made)
        remaining: list[str] = []
        with tempfile.TemporaryDirectory(prefix="evenkeel-") as scratch:
            saved: str | None = None
            for number in range(_TRIES):
                path = os.path.join(scratch, f"baseline-{number}.json")
                before = render.contract(made)
                tried = self._try(made, saved, path)
                remaining = refine(made, tried.findings)
                learn(made, tried.sections, tried.directories)
                compared, saved = saved, saved if tried.unsaved else path
                if compared is not None and render.contract(made) == before:
                    break
            if saved is None:
                raise StoreError(tried.unsaved)
            with open(saved, "rb") as file:
                return Drafted(made, file.read(), remaining)

    def _try(self, made: Draft, reference: str | None, path: str) -> _Try:
        """Audit the host with the draft, apart from everything else, and save what was seen to ``path``."""
        values: Json = {
            "drift_root": spelled(made.root),
            "drift_contract": render.contract(made),
            "drift_save_baseline": path,
        }
        if reference is not None:
            values["drift_reference"] = {"baseline": reference}
        settings = self._settings(values)
        with tempfile.TemporaryDirectory(prefix="evenkeel-") as scratch:
            now = utc_now()
            about = {
                "kind": "audit",
                "hosts": [self._host],
                "environments": {self._host: settings.environment},
                "controller": {},
                "settings": {"fail_on": settings.fail_on},
                "finished": now,
            }
            folder = open_run(scratch, settings.environment, now, about)
            summary = HostRun(folder, self._host, settings, False).observe(self._send)
            if summary["outcome"] != "ok":
                raise HostUnseen(summary["kind"], summary["reason"])
            unsaved = ""
            try:
                save_baseline(folder, path, None)
            except StoreError as error:
                unsaved = str(error)
            sections = {name: evidence.load(folder, self._host, name) for name in summary["sections"]}
            return _Try(
                judge_folder(folder)["findings"],
                {name: section for name, section in sections.items() if section is not None},
                published(folder, self._host, TREE),
                unsaved,
            )

    def _settings(self, values: t.Mapping[str, t.Any]) -> Settings:
        return resolve({**self._variables, **values}, cwd=self._cwd)
