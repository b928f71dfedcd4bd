# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host was not observed is one thing, whoever reads the run."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import inputs

Json = dict[str, t.Any]

KEPT: Json = {"environment": "prod", "reference": None, "contract": {}}
LOST = {"kind": "unreachable", "reason": "no route to host"}


@pytest.mark.parametrize(
    ("kept", "outcome", "kind", "words"),
    [
        (None, None, "failed", "its observation did not begin"),
        (KEPT, None, "timeout", "its observation began and did not end"),
        (KEPT, {"failure": LOST}, "unreachable", "no route to host"),
        (KEPT, {"failure": None}, None, ""),
    ],
)
def test_a_host_that_began_is_not_told_as_one_that_did_not(
    tmp_path: Path, kept: Json | None, outcome: Json | None, kind: str | None, words: str
) -> None:
    folder = open_run(
        str(tmp_path), "prod", "2026-03-01T10:00:00Z", {"hosts": ["web1"], "environments": {"web1": "prod"}}
    )
    for name, content in ((evidence.SETTINGS, kept), (evidence.HOST, outcome)):
        if content is not None:
            evidence.keep(folder, "web1", name, content)
    found = evidence.failure(*(evidence.load(folder, "web1", one) for one in (evidence.SETTINGS, evidence.HOST)))
    assert (found and found["kind"]) == kind
    assert words in (found or {"reason": ""})["reason"]
    assert inputs._seen(folder, "prod", "web1").failure == found
