# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run without Ansible: observed, judged, sealed, and judged again to the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.snapshot import answer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.hosts import HostRun, refuse
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.judging import finish, judge_again
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError

_HOSTS = ["garbled", "lost", "never", "refused", "seen"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("1\n")
    settings = resolve({"drift_root": str(tmp_path / "app"), "drift_environment": "prod"}, cwd="/")
    kept = {"fail_on": "high", "keep_runs": 0, "save_baseline": None, "signing_key": None}
    about = {
        "kind": "audit",
        "hosts": _HOSTS,
        "environments": dict.fromkeys(_HOSTS, "prod"),
        "controller": {"user": "op", "host": "control", "ansible": "2.19", "collection": "1.0.0"},
        "settings": kept,
        "run_wide": {},
    }
    run = open_run(str(tmp_path / "out"), "prod", "2026-03-01T10:00:00Z", about)

    def lost(_request: object) -> dict[str, object]:
        raise HostUnseen("unreachable", "no route to host")

    HostRun(run, "seen", settings, False).observe(lambda request: answer({**request, "nice": 0}))
    HostRun(run, "lost", settings, False).observe(lost)
    HostRun(run, "garbled", settings, False).observe(lambda _request: {"protocol": 1})
    refuse(run, "refused", "drift_contract: no such key")
    return run


def test_every_host_is_accounted_for_and_the_unseen_ones_fail(folder: RunFolder) -> None:
    result = finish(folder)
    assert set(result.failed) >= {"garbled", "lost", "never", "refused"}
    assert [host for host, verdict in sorted(result.failed.items()) if verdict["unreachable"]] == ["lost"]
    assert result.findings["verdict"] != "ok"


def test_judging_again_gives_the_same_bytes(folder: RunFolder) -> None:
    finish(folder)
    names = ("findings.json", "report.md", "MANIFEST.sha256")
    first = [Path(folder.join(name)).read_bytes() for name in names]
    judge_again(folder)
    assert [Path(folder.join(name)).read_bytes() for name in names] == first


def test_altered_evidence_is_not_judged(folder: RunFolder) -> None:
    finish(folder)
    path = Path(folder.join("evidence/seen/trees.json"))
    path.write_bytes(path.read_bytes().replace(b'"ok"', b'"OK"', 1))
    with pytest.raises(StoreError, match=r"seen/trees\.json is not what the run wrote"):
        judge_again(folder)


def test_evidence_that_is_missing_is_unknown_and_not_in_order(folder: RunFolder) -> None:
    Path(folder.join("evidence/seen/trees.json")).unlink()
    result = finish(folder)
    assert "seen" in result.failed


def test_the_run_s_key_is_gone_when_it_is_sealed(folder: RunFolder) -> None:
    finish(folder)
    assert not Path(folder.join(".private")).exists()


def test_first_seen_comes_from_the_last_run_of_each_environment(tmp_path: Path) -> None:
    def past(stamp: str, environment: str, finding: str) -> None:
        folder = RunFolder.create(str(tmp_path), stamp, environment)
        found = {"id": finding, "environment": environment, "first_seen": stamp}
        folder.write("run.json", {})
        folder.write("findings.json", {"environments": [{"name": environment}], "findings": [found]})
        folder.seal()

    past("2026-11-18T00:00:00Z", "prod", "gone")
    past("2026-11-19T00:00:00Z", "prod", "stays")
    past("2026-11-20T00:00:00Z", "staging", "other")
    about = {"hosts": ["a", "b"], "environments": {"a": "prod", "b": "staging"}}
    opened = open_run(str(tmp_path), "several", "2026-11-21T00:00:00Z", about)
    assert opened.read("first_seen.json") == {"stays": "2026-11-19T00:00:00Z", "other": "2026-11-20T00:00:00Z"}
