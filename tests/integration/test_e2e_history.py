# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in the commits of the reference's repository: those in use, those that show what they are, and neither."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from e2e_operator import Operator, Outcome
from e2e_project import Repository, application

Json = dict[str, t.Any]

# Made of two parts, so that no scanner takes this file for a leak.
TOKEN = "ghp_" + "Zq4kT9vX2mB7nL5sR8wY3cF6hJ1dP0aG2eUi"
BOT = "7351826490:AAH" + "k3vQ9xT2mB7nL5sR8wY4cF6hJ1dP0aG2e"
PASSWORD = "korrekt-Pferd-7-Batterie"
SETTINGS = f"BOT_TOKEN={BOT}\nDB_PASSWORD='{PASSWORD}'\nAPI_URL=https://api.example.org/v1\nTZ=Europe/Berlin\nDEBUG=\n"


def audit(operator: Operator, repository: Repository, search: t.Any = True, **more: t.Any) -> Outcome:
    """Deploy what is committed last, with a .env beside it, and audit it."""
    root = repository.deploy(operator.home / "deployed")
    (root / ".env").write_text(SETTINGS)
    configs = [{"path": ".env", "reference": False, "default": "may_differ"}]
    contract = {"git": {"clean": False, "secrets_in_history": search}, "configs": configs}
    reference = {"git": {"repo": str(repository.path), "ref": "main"}}
    return operator.audit_one(root, drift_reference=reference, drift_contract=contract, **more)


def told(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Return severity and summary of each secret in the history, by subject."""
    return {
        one["subject"]: (one["severity"], one["summary"])
        for one in outcome.findings["findings"]
        if one["check"] == "secrets_in_history"
    }


def written(outcome: Outcome) -> str:
    """Return all that the run left behind, and what it showed."""
    assert outcome.run is not None
    files = [path for path in outcome.run.rglob("*") if path.is_file()]
    return outcome.text + "".join(path.read_text() for path in files)


def test_each_planted_secret_is_found_with_the_commits_that_prove_it(operator: Operator, tmp_path: Path) -> None:
    repository = application(tmp_path / "app")
    plain = SETTINGS[SETTINGS.index("API_URL") :]
    repository.commit("Begin", {"deploy/.env": plain, "docs/setup.md": "TZ=Europe/Berlin, api.example.org\n"})
    leaked = repository.commit("Add settings", {"deploy/.env": SETTINGS, "src/ci.sh": f"export T={TOKEN}\n"})
    taken = repository.commit("Take the secrets out", {"deploy/.env": plain})
    outcome = audit(operator, repository)
    found = told(outcome)
    assert set(found) == {"BOT_TOKEN of .env", "DB_PASSWORD of .env", "src/ci.sh:GitHub token"}
    for name in ("BOT_TOKEN", "DB_PASSWORD"):
        severity, summary = found[f"{name} of .env"]
        assert severity == "critical"
        assert f"A secret that web1 uses now ({name} of .env) is in the history of {repository.path}" in summary
        assert f"first in commit {leaked[:7]} (2026-01-02T03:04:05Z, deploy/.env)" in summary
        assert f"taken out in commit {taken[:7]}" in summary
    severity, summary = found["src/ci.sh:GitHub token"]
    assert (severity, "still in main@" in summary) == ("high", True)
    (tracked,) = [one for one in outcome.findings["findings"] if one["check"] == "secret_files"]
    assert (tracked["outcome"], tracked["observed"]["paths"]) == ("observation", ["deploy/.env"])
    assert outcome.code != 0
    everything = written(outcome)
    for secret in (TOKEN, BOT, PASSWORD):
        assert secret not in everything
    assert "Histories searched for secrets" in outcome.report
    stored = outcome.findings
    again = operator.play("evenkeel.drift.judge", "-i", "localhost,", "-e", json.dumps({"drift_run": str(outcome.run)}))
    assert "cannot" not in again.text
    assert outcome.findings == stored


def test_a_clean_history_gives_no_finding_and_says_what_was_searched(operator: Operator, tmp_path: Path) -> None:
    outcome = audit(operator, application(tmp_path / "app"))
    assert outcome.brief("git") == set()
    (searched,) = [one for one in outcome.findings["checks"] if one["check"] == "history"]
    assert "2 commits and 4 versions of files" in searched["summary"]
    assert "were searched for 2 secrets in use and for tokens" in searched["summary"]
    assert outcome.code == 0, outcome.text


def test_a_token_that_was_taken_out_or_lies_in_a_fixture_is_less_or_nothing(operator: Operator, tmp_path: Path) -> None:
    repository = application(tmp_path / "app")
    repository.commit("Add", {"src/ci.sh": f"export T={TOKEN}\n", "tests/data/x.txt": f"{TOKEN[:-2]}zz\n"})
    repository.commit("Remove", {"src/ci.sh": None})
    outcome = audit(operator, repository, {"ignore": ["tests/data/"]})
    assert {subject: severity for subject, (severity, _summary) in told(outcome).items()} == {
        "src/ci.sh:GitHub token": "medium"
    }
    assert outcome.code == 0, outcome.text


def test_what_cannot_be_searched_is_unknown(operator: Operator, tmp_path: Path) -> None:
    repository = application(tmp_path / "app")
    repository.commit("Add a dump", {"dump.sql": b"x" * ((16 << 20) + 1), "src/ci.sh": f"export T={TOKEN}\n"})
    outcome = audit(operator, repository)
    assert set(told(outcome)) == {"src/ci.sh:GitHub token"}
    (unread,) = [one for one in outcome.findings["findings"] if one["check"] == "history"]
    assert (unread["outcome"], "dump.sql (16 MiB)" in unread["summary"]) == ("unknown", True)


def test_without_a_git_reference_nothing_is_claimed(operator: Operator, tmp_path: Path) -> None:
    repository = application(tmp_path / "app")
    outcome = operator.audit_one(repository.path, drift_contract={"git": {"secrets_in_history": True}})
    (unknown,) = outcome.findings["findings"]
    assert (unknown["check"], unknown["outcome"], unknown["remedy"]["kind"]) == ("history", "unknown", "fix_contract")
    assert "needs a git reference: web1 has none" in unknown["summary"]


def test_a_secret_in_a_commit_message_or_a_file_name_is_told_and_not_shown(operator: Operator, tmp_path: Path) -> None:
    repository = application(tmp_path / "app")
    code = {"src/app.py": f"one\nconnect({PASSWORD!r})\n", f"notes/{PASSWORD}.md": f"{PASSWORD}\n"}
    repository.commit(f"Use {PASSWORD} for now", code)
    root = repository.deploy(operator.home / "drifted")
    (root / ".env").write_text(SETTINGS)
    (root / "src" / "app.py").write_text(f"one\nconnect({PASSWORD!r}, 1)\n")
    (root / "notes" / f"{PASSWORD}.md").unlink()
    contract = {
        "git": {"secrets_in_history": True},
        "configs": [{"path": ".env", "reference": False, "default": "may_differ"}],
        "trees": [{"name": "source", "path": ".", "exclude": ["/.env"]}],
    }
    reference = {"git": {"repo": str(repository.path), "ref": "main"}}
    outcome = operator.audit_one(root, drift_reference=reference, drift_contract=contract)
    assert set(told(outcome)) == {"DB_PASSWORD of .env"}
    drifted = {(subject, cause) for _check, subject, cause in outcome.brief("trees")}
    assert drifted == {("src/app.py", "edited_on_host"), ("notes/<masked>.md", "deleted_on_host")}
    assert PASSWORD not in written(outcome)
