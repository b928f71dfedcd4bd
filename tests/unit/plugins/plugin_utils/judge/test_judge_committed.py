# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in a history as findings: who is concerned, how bad it is, and what was not searched."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.verdict import host_verdict
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import markdown
from judge_builders import OLD, WANTED, host, run, waiver

Json = dict[str, t.Any]

ASKED = {"max_mb": 1024, "ignore": []}
WHEN = "2026-01-02T03:04:05Z"


def secret(kind: str = "", path: str | None = ".env", **more: t.Any) -> Json:
    made = {
        "kind": kind,
        "environment": None if kind else "prod",
        "values": 1,
        "names": [] if kind else [{"name": "BOT_TOKEN of .env", "hosts": ["prod-1"]}],
        "hosts": [] if kind else ["prod-1"],
        "first": {"commit": OLD, "committed": WHEN, "path": path},
        "paths": [] if path is None else [path],
        "paths_total": 0 if path is None else 1,
        "present": [],
        "present_total": 0,
        "removed": {"commit": WANTED, "committed": WHEN},
        "messages": 0,
    }
    return {**made, **more}


def scan(*secrets: Json, **more: t.Any) -> Json:
    made = {
        "reference": "r1",
        "asked": ASKED,
        "hosts": ["prod-1"],
        "outcome": "ok",
        "reason": "",
        "detectors": "",
        "in_use": {"secrets": 3, "unseen": [], "without": []},
        "secrets": list(secrets),
        "secrets_total": len(secrets),
    }
    counted = {"commits": 12, "tags": 1, "files": 40, "bytes": 1 << 20}
    rest = {"gaps": [], "unread": [], "unread_total": 0, "tracked": [], "tracked_total": 0}
    return {**made, **counted, **rest, **more}


def asking(name: str = "prod-1", reference: str | None = "r1", **git: t.Any) -> t.Any:
    contract = {"git": {"path": ".", "clean": True, "secrets_in_history": ASKED, **git}}
    return host(name, reference=reference, settings={"contract": contract, "root": "/srv/app"})


def judged(*scans: Json, hosts: t.Sequence[t.Any] = (), **more: t.Any) -> Json:
    return run(*(hosts or [asking()]), committed=list(scans), **more)


def findings(result: Json) -> list[Json]:
    names = ("history", "secrets_in_history", "secret_files")
    return [one for one in result["findings"] if one["check"] in names]


def told(*scans: Json, **more: t.Any) -> Json:
    (finding,) = findings(judged(*scans, **more))
    return finding


def test_a_clean_history_passes_and_says_what_was_searched() -> None:
    result = judged(scan())
    assert findings(result) == []
    passed = {one["check"]: one["summary"] for one in result["checks"] if one["host"] == "*"}
    assert passed["history"] == (
        "12 commits and 40 versions of files (1 MiB) of /srv/repo were searched for 3 secrets in use and for tokens of "
        "known form"
    )
    assert passed["secrets_in_history"].startswith("No secret in use and no token of known form")
    assert passed["secret_files"].startswith("No file of a secret class is tracked in main@0487dce")


def test_a_secret_in_use_names_who_uses_it_and_both_commits() -> None:
    finding = told(scan(secret()))
    assert (finding["severity"], finding["subject"], finding["cause"]) == (
        "critical",
        "BOT_TOKEN of .env",
        "secret_in_history",
    )
    assert finding["summary"] == (
        "A secret that prod-1 uses now (BOT_TOKEN of .env) is in the history of /srv/repo: first in commit 4ad26e4 "
        f"({WHEN}, .env), taken out in commit 0487dce ({WHEN})"
    )
    assert finding["remedy"]["kind"] == "rotate_secret"
    assert finding["remedy"]["text"].startswith("Rotate the secret first")
    assert finding["remedy"]["commands"] == [f"git -C /srv/repo show --stat '--format=%H %cI %an' {OLD}"]
    assert finding["evidence"] == ["committed.json#repository/BOT_TOKEN of .env"]


@pytest.mark.parametrize(
    ("more", "said", "subject"),
    [
        ({"values": 2}, "prod-1 uses now (BOT_TOKEN of .env, 2 different values) is in", "BOT_TOKEN of .env"),
        ({"names": []}, "A secret that prod-1 uses now is in", ".env:value in use"),
        ({"names": [], "values": 2}, "uses now (2 different values) is in", ".env:value in use"),
    ],
)
def test_values_with_and_without_a_name(more: Json, said: str, subject: str) -> None:
    finding = told(scan(secret(**more)))
    assert said in finding["summary"]
    assert finding["subject"] == subject


@pytest.mark.parametrize(
    ("one", "severity", "said"),
    [
        (secret("GitHub token", "ci.sh"), "medium", "GitHub token in the history of"),
        (secret("GitHub token", "ci.sh", values=3), "medium", "GitHub token (3 different values) in the history of"),
        (
            secret("private key", "a", present=["a"], present_total=1, removed=None),
            "high",
            "first in commit 4ad26e4 (2026-01-02T03:04:05Z, a), still in main@0487dce",
        ),
        (
            secret("private key", "a", present=["b", "c"], present_total=2, removed=None),
            "high",
            "still in main@0487dce as b and in 1 more file of it",
        ),
        (secret("npm token", "a", removed=None), "medium", "not in main@0487dce, but on another branch or tag"),
        (secret("npm token", None, messages=1, removed=None), "medium", "in the message of commit 4ad26e4"),
        (secret("npm token", "a", messages=2), "medium", "and said by 2 commit messages"),
    ],
)
def test_tokens_by_where_they_are_now(one: Json, severity: str, said: str) -> None:
    finding = told(scan(one))
    assert finding["severity"] == severity
    assert said in finding["summary"]
    assert finding["subject"] == f"{one['first']['path'] or 'commit message'}:{one['kind']}"


def test_the_contract_decides_how_bad_it_is_and_whose() -> None:
    git = {"severity": {"secrets_in_history": "low"}, "owner": "security"}
    finding = told(scan(secret()), hosts=[asking(**git)])
    assert (finding["severity"], finding["owner"]) == ("low", "security")


def test_a_secret_counts_for_the_hosts_that_use_it_and_a_token_for_all_that_ask() -> None:
    hosts = [asking("prod-1"), asking("prod-2")]
    result = judged(scan(secret(), secret("npm token", "a", present=["a"], present_total=1)), hosts=hosts)
    both = {one["id"]: one["severity"] for one in findings(result)}
    failed = {
        name: {one["id"] for one in host_verdict(findings(result), name, "prod", "high")["reasons"]}
        for name in ("prod-1", "prod-2", "prod-3")
    }
    assert failed["prod-1"] == set(both)
    assert {both[one] for one in failed["prod-2"]} == {"high"}
    assert failed["prod-3"] == set()


def test_what_only_another_environment_uses_is_told_there_alone() -> None:
    elsewhere = asking("stage-1")
    elsewhere = type(elsewhere)(**{**vars(elsewhere), "environment": "staging"})
    found = findings(judged(scan(secret()), hosts=[asking(), elsewhere]))
    assert [one["environment"] for one in found] == ["prod"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gaps": ["the repository is shallow"]}, "the repository is shallow"),
        (
            {"unread": [{"path": "dump.sql", "bytes": 100 << 20}], "unread_total": 1},
            "1 file is too large to be read: dump.sql (100 MiB)",
        ),
        ({"secrets_total": 5}, "5 more secrets were found and not listed"),
        (
            {"in_use": {"secrets": 0, "unseen": [{"host": "prod-1", "section": "configs"}], "without": []}},
            "the secrets of prod-1 are not known, its section configs was not seen",
        ),
        (
            {"outcome": "unknown", "reason": "git is not installed"},
            "was not searched for secrets: git is not installed",
        ),
    ],
)
def test_what_was_not_searched_is_unknown_and_never_clean(more: Json, said: str) -> None:
    result = judged(scan(**more))
    (finding,) = findings(result)
    assert (finding["check"], finding["outcome"]) == ("history", "unknown")
    assert said in finding["summary"]
    assert not [one for one in result["checks"] if one["check"] in ("secrets_in_history", "history")]
    assert host_verdict(result["findings"], "prod-1", "prod", "high")["failed"]


def test_without_a_scan_or_a_git_reference_it_is_unknown() -> None:
    assert told()["outcome"] == "unknown"
    finding = told(hosts=[asking(reference=None)])
    assert "needs a git reference: prod-1 has none" in finding["summary"]
    assert finding["remedy"]["kind"] == "fix_contract"


def test_who_does_not_ask_is_told_nothing() -> None:
    result = run(host(), committed=[scan(secret())])
    assert not [one for one in [*result["checks"], *result["findings"]] if one["host"] == "*"]


def test_tracked_files_of_a_secret_class_are_an_observation() -> None:
    finding = told(scan(tracked=[".env", "id_rsa"], tracked_total=5))
    assert (finding["check"], finding["outcome"], finding["severity"]) == ("secret_files", "observation", "info")
    assert finding["summary"] == (
        "5 files of a secret class are tracked in main@0487dce of /srv/repo: .env, id_rsa and 3 more"
    )


def test_a_waiver_takes_a_fixture() -> None:
    accepted = waiver(section="git", subject="tests/*:npm token")
    result = judged(scan(secret("npm token", "tests/x")), waivers=[accepted])
    assert findings(result) == []


def test_the_report_shows_what_was_searched() -> None:
    unread = {"unread": [{"path": "a|b", "bytes": 1 << 30}], "unread_total": 1}
    text = markdown.render(judged(scan(secret(), detectors="1.5.0", **unread)))
    assert "Histories searched for secrets" in text
    assert "| prod | `/srv/repo` | 12 | 40 | 1 MiB | 3 in use, tokens of known form, those of detect-secrets 1" in text
    assert "not searched" in markdown.render(judged())
    assert "Histories searched" not in markdown.render(run(host()))
