# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification is made of: a run that was judged and sealed, read as it is. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import FINDINGS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.since import KEY
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.log_shapes import DEPLOY
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeatable, terms
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.criteria import Host

_WRITER = ("journal", "container", "written_by")

Json = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Seen:
    """One host of the run. ``failure`` is why it was not observed, None when it was; ``changes`` its own record."""

    host: Host
    failure: Json | None
    changes: Json | None
    logs: Json | None
    """The evidence of the section logs, None when there is none that can be used."""
    windows: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """From when on each log was read: ``since`` of its contract, None where it was read by lines or bytes."""
    writers: t.Mapping[str, Json] = dataclasses.field(default_factory=dict)
    """Of each log that was read since the last change, what its contract says of who writes it."""
    sources: t.Mapping[str, Json] = dataclasses.field(default_factory=dict)
    """Of every log, what its contract says of who writes it."""
    repeating: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    """What commands that repeat its checks need besides the findings (``repeatable.py``)."""
    terms: terms.Terms = dataclasses.field(default_factory=dict)
    """What its contract states of impact, owner and remedy."""


@dataclasses.dataclass(frozen=True)
class Inputs:
    """A run: its findings.json, the files that it vouches for with their checksums, and its hosts."""

    findings: Json
    manifest: dict[str, str]
    since: t.Any
    hosts: list[Seen]


def read(folder: RunFolder) -> Inputs:
    """Return what is in a run folder. Raises StoreError when it is not whole, or not what the run wrote."""
    manifest = folder.verify()
    try:
        findings, run = folder.read(FINDINGS), folder.read("run.json")
    except FileNotFoundError as error:
        raise StoreError(f"{folder.path} is no run that was judged: it has no {error.filename}") from error
    environments = [(env["name"], host) for env in findings["environments"] for host in env["hosts"]]
    return Inputs(findings, manifest, run.get(KEY), [_seen(folder, *one) for one in sorted(environments)])


def _seen(folder: RunFolder, environment: str, name: str) -> Seen:
    kept, outcome = (evidence.load(folder, name, one) for one in (evidence.SETTINGS, evidence.HOST))
    settings, failure = kept or {}, evidence.failure(kept, outcome)
    logs = None if failure else evidence.load(folder, name, "logs")
    host = Host(
        name,
        environment,
        (settings.get("overviews") or {}).get("criteria"),
        # What ``drift_sections`` left out is in the contract all the same.
        tuple(sorted({*(settings.get("contract") or {}), *settings.get("left_out", ())})),
    )
    usable = logs is not None and logs["outcome"] == "ok"
    contract = settings.get("contract") or {}
    windows = {entry["name"]: entry["since"] for entry in contract.get("logs") or ()}
    data = logs["data"] if logs and usable else None
    changes, told = (outcome or {}).get("changes"), terms.of_contract(contract)
    configs = None if failure else evidence.load(folder, name, "configs")
    repeating = repeatable.of(contract, data, configs["data"] if configs and configs["outcome"] == "ok" else None)
    sources = {one["name"]: {key: one.get(key) for key in _WRITER} for one in contract.get("logs") or ()}
    writers = {name: one for name, one in sources.items() if windows[name] == DEPLOY}
    return Seen(host, failure, changes, data, windows, writers, sources, repeating, told)
