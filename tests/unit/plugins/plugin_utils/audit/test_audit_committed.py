# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run keeps of a searched history: names and commits, and neither a value nor a digest of one."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import describe
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.committed import COMMITTED, keep_committed
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.learned import keep_learned
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import open_run, run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store import evidence
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from reference_repos import Repo

FIRST, SECOND, OTHER = "korrekt-Pferd-7-Batterie", "horse-77-Staple-battery", "Zr7-kQ_2xVb9"
ASKED = {"max_mb": 1024, "ignore": []}

Json = dict[str, t.Any]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "app")
    made.commit("first", a="1\n")
    return made


class Run:
    """A run whose hosts have read their .env files."""

    def __init__(self, path: Path, repo: Repo, **environments: str) -> None:
        about = {"hosts": sorted(environments), "environments": environments}
        self.folder: RunFolder = open_run(str(path), "prod", "2026-03-01T10:00:00Z", about)
        self._environments = environments
        self.reference = {
            "id": "git-1",
            "kind": "git",
            "outcome": "ok",
            "reason": "",
            "ref": "main",
            "repo": str(repo.path),
            "commit": repo.git("rev-parse", "HEAD"),
        }

    def host(self, name: str, text: str | None, learned: t.Sequence[str] = (), **git: t.Any) -> None:
        """Keep what a host's .env holds; None when it could not be read."""
        contract = {"git": {"secrets_in_history": ASKED, **git}, "configs": []}
        kept = {"environment": self._environments[name], "reference": "git-1", "contract": contract}
        evidence.keep(self.folder, name, evidence.SETTINGS, kept)
        keys = describe(read_keys((text or "").encode(), "env"), True, run_key(self.folder))
        entry = {"name": ".env", "secret": True, "keys": keys, "outcome": "ok", "partial": "", "cut": 0}
        if text is None:
            entry.update(outcome="unknown")
        evidence.keep(self.folder, name, "configs", {"outcome": "ok", "reason": "", "data": {"configs": [entry]}})
        keep_learned(self.folder, name, [str(keyed(run_key(self.folder), value)) for value in learned])

    def kept(self) -> list[Json]:
        self.folder.write("references/git-1.json", self.reference)
        keep_committed(self.folder)
        if not Path(self.folder.join(COMMITTED)).exists():
            return []
        text = Path(self.folder.join(COMMITTED)).read_text()
        for value in (FIRST, SECOND, OTHER):
            assert value not in text
            assert str(keyed(run_key(self.folder), value)) not in text
        return t.cast("list[Json]", self.folder.read(COMMITTED))


def test_one_name_is_one_entry_for_each_environment(tmp_path: Path, repo: Repo) -> None:
    repo.commit("leak", prod=f"DB_PASSWORD={FIRST}\n", stage=f"DB_PASSWORD={SECOND}\n")
    repo.commit("out", stage=None)
    run = Run(tmp_path / "out", repo, web1="prod", web2="prod", test1="staging")
    run.host("web1", f"DB_PASSWORD={FIRST}\n")
    run.host("web2", f"DB_PASSWORD={FIRST}\n")
    run.host("test1", f"DB_PASSWORD={SECOND}\n")
    (scan,) = run.kept()
    told = {one["environment"]: (one["hosts"], one["paths"], one["present_total"]) for one in scan["secrets"]}
    assert told == {"prod": (["web1", "web2"], ["prod"], 1), "staging": (["test1"], ["stage"], 0)}
    assert {one["names"][0]["name"] for one in scan["secrets"]} == {"DB_PASSWORD of .env"}
    assert scan["in_use"] == {"secrets": 2, "unseen": [], "without": []}


def test_one_value_with_two_names_is_one_entry_with_both(tmp_path: Path, repo: Repo) -> None:
    repo.commit("leak", b=f"{FIRST}\n")
    run = Run(tmp_path / "out", repo, web1="prod")
    run.host("web1", f"DB_PASSWORD={FIRST}\nREDIS_PASSWORD={FIRST}\n", learned=[FIRST])
    ((one,),) = [scan["secrets"] for scan in run.kept()]
    assert [name["name"] for name in one["names"]] == ["DB_PASSWORD of .env", "REDIS_PASSWORD of .env"]


def test_what_a_collector_read_without_telling_it_is_known_by_its_file(tmp_path: Path, repo: Repo) -> None:
    repo.commit("leak", b=f"{OTHER}\n", c=f"{FIRST}\n")
    run = Run(tmp_path / "out", repo, web1="prod", web2="prod")
    run.host("web1", "DEBUG=1\n", learned=[OTHER, FIRST])
    run.host("web2", f"DB_PASSWORD={FIRST}\n")
    (scan,) = run.kept()
    told = {one["first"]["path"]: (one["names"], one["hosts"]) for one in scan["secrets"]}
    assert told == {
        "b": ([], ["web1"]),
        "c": ([{"name": "DB_PASSWORD of .env", "hosts": ["web2"]}], ["web1", "web2"]),
    }


def test_what_is_not_known_is_said(tmp_path: Path, repo: Repo) -> None:
    run = Run(tmp_path / "out", repo, web1="prod", web2="prod", web3="prod")
    run.host("web1", None)
    run.host("web2", f"DB_PASSWORD={FIRST}\nTZ=UTC\nNAME=changeme\n")
    (scan,) = run.kept()
    assert scan["hosts"] == ["web1", "web2"]
    assert scan["in_use"] == {
        "secrets": 1,
        "unseen": [{"host": "web1", "section": "configs (.env)"}],
        "without": ["web1"],
    }


def test_ways_of_searching_are_apart_and_who_does_not_ask_is_left_out(tmp_path: Path, repo: Repo) -> None:
    repo.commit("leak", b=f"{FIRST}\n")
    run = Run(tmp_path / "out", repo, web1="prod", web2="prod", web3="prod")
    run.host("web1", f"DB_PASSWORD={FIRST}\n")
    run.host("web2", f"DB_PASSWORD={FIRST}\n", secrets_in_history={"max_mb": 1, "ignore": ["b"]})
    run.host("web3", f"DB_PASSWORD={FIRST}\n", secrets_in_history=None)
    first, second = sorted(run.kept(), key=lambda scan: scan["hosts"])
    assert (first["hosts"], [one["hosts"] for one in first["secrets"]]) == (["web1"], [["web1"]])
    assert (second["hosts"], second["secrets"]) == (["web2"], [])


def test_a_repository_that_cannot_be_read_is_unknown(tmp_path: Path, repo: Repo) -> None:
    run = Run(tmp_path / "out", repo, web1="prod")
    run.host("web1", "")
    run.reference["repo"] = str(tmp_path / "nothing")
    (scan,) = run.kept()
    assert (scan["outcome"], "is not a folder" in scan["reason"]) == ("unknown", True)
    run.reference.update(outcome="unknown", reason="no such ref")
    (scan,) = run.kept()
    assert scan["reason"] == "the reference could not be made: no such ref"


def test_nobody_asks(tmp_path: Path, repo: Repo) -> None:
    run = Run(tmp_path / "out", repo, web1="prod")
    run.host("web1", "", secrets_in_history=None)
    assert run.kept() == []
