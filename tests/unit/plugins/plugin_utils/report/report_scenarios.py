# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audits whose reports are kept as golden files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from report_findings import NEW, OLD, SAVE, Audit, entry, git_facts, on_host, remedy, tree_facts
from report_hostile import HOSTILE_NAME, hostile

MISSING = [
    {"commit": NEW, "subject": "Fix whale detection", "committed": "2026-11-20T18:00:00Z"},
    {"commit": "9" * 40, "subject": "Add the alpha scanner", "committed": "2026-11-18T10:00:00Z"},
    {"commit": "8" * 40, "subject": "Split error handling", "committed": "2026-11-16T10:00:00Z"},
    {"commit": "7" * 40, "subject": "Move storage", "committed": "2026-11-14T10:00:00Z"},
]


def drift() -> dict[str, Any]:
    audit = Audit({"prod": ["prod-1"]})
    _drifted_git(audit, "prod-1")
    _drifted_tree(audit, "prod-1")
    audit.data["waivers"] = [
        {
            "section": "trees",
            "subject": ".env",
            "environment": "prod",
            "reason": "testnet outside prod",
            "owner": "ops",
            "expires": "2027-01-31",
            "state": "used",
            "matched": 1,
        },
        {
            "section": "trees",
            "subject": "old.py",
            "environment": None,
            "reason": "being removed",
            "owner": "ops",
            "expires": "2026-11-01",
            "state": "expired",
            "matched": 0,
        },
    ]
    return audit.done()


def _drifted_git(audit: Audit, host: str) -> None:
    dirty = {
        "modified": 2,
        "deleted": 0,
        "mode": 1,
        "conflicted": 0,
        "untracked": 1,
        "unverified": 0,
        "truncated": False,
    }
    behind = {"ahead": 0, "behind": 4, "missing": MISSING, "missing_total": 4}
    audit.facts(host, "git", git_facts(OLD, dirty=dirty, stashes=1, **behind))
    audit.cover(host, "git", 6)
    audit.evidence(host, "git")
    audit.passed(host, "git", "repository", ".", "A git repository is at .")
    audit.fail(
        host,
        "git",
        "commit",
        ".",
        "high",
        f"{host} is at 4ad26e4, 4 commits behind main@0487dce",
        cause="behind",
        direction="reference_ahead",
        expected={"commit": NEW},
        observed={"commit": OLD, "ahead": 0, "behind": 4},
        remedy=remedy("deploy", f"{SAVE} Then deploy main@0487dce."),
    )
    audit.fail(
        host,
        "git",
        "modified",
        ".",
        "critical",
        f"3 uncommitted changes in tracked files of . on {host}",
        cause="uncommitted_work",
        direction="host_ahead",
        expected={"total": 0},
        observed={"total": 3},
        impact="A deployment loses them.",
        remedy=remedy("review_and_commit", f"{SAVE} Review the change and commit it.", "git --no-optional-locks diff"),
    )


def _drifted_tree(audit: Audit, host: str) -> None:
    counts = {"directories": 12, "files": 240, "equal": 233, "ignored": 61, "unknown": 1}
    audit.facts(host, "trees", tree_facts(counts=counts, unknown_total=1))
    audit.cover(host, "trees", 240, 1, 61, ("source: logs/private: permission denied",))
    audit.evidence(host, "trees")
    base = entry("monitor old", 1460)
    diff = {"text": "--- main\n+++ host\n@@ -1 +1 @@\n-interval = 10\n+interval = 38\n", "truncated": False}
    audit.fail(
        host,
        "trees",
        "content",
        "src/monitoring/monitor.py",
        "critical",
        f"src/monitoring/monitor.py differs: 1505 lines on {host}, 1469 lines in main@0487dce; "
        "edited on the host after 4ad26e4",
        cause="edited_on_host",
        direction="host_ahead",
        expected=entry("monitor new", 1469),
        impact="Wrong signals are traded.",
        observed=on_host("monitor host", 1505, aspects=["content"], base=base, diff=diff),
        risk="business",
        owner="trading",
        remedy=remedy("review_and_commit", f"{SAVE} Review the change, commit it if it is wanted."),
    )
    audit.fail(
        host,
        "trees",
        "content",
        "src/data/storage.py",
        "medium",
        "src/data/storage.py differs: the host's version is the one of 4ad26e4",
        cause="behind",
        direction="reference_ahead",
        expected=entry("storage new", 310),
        observed=on_host("storage old", 300),
    )
    _one_sided(audit, host)
    audit.unknown(host, "trees", "read", "logs/private", "medium", "logs/private could not be read: permission denied")
    for path, lines in (("config/config.yaml", 1199), ("src/core/bybit.py", 5467)):
        seen = on_host(path, lines)
        audit.passed(
            host, "trees", "content", path, f"{path} equals main@0487dce", expected=entry(path, lines), observed=seen
        )


def _one_sided(audit: Audit, host: str) -> None:
    """What has another mode, or is on one side only."""
    audit.fail(
        host,
        "trees",
        "mode",
        "run.sh",
        "low",
        f"run.sh has another mode: mode 0644 on {host}, 0755 in main@0487dce",
        cause="mode_changed",
        expected=entry("run", 12, mode="0755"),
        observed=on_host("run", 12),
        remedy=remedy("fix_mode", "Deploy the mode of main@0487dce."),
    )
    audit.fail(
        host,
        "trees",
        "presence",
        "src/hotfix.py",
        "medium",
        f"src/hotfix.py is on {host} (40 lines), not in main@0487dce",
        state="unexpected",
        cause="only_on_host",
        direction="host_ahead",
        observed=on_host("hotfix", 40),
        remedy=remedy("review_and_commit", f"{SAVE} Review it."),
    )
    audit.fail(
        host,
        "trees",
        "presence",
        "src/alpha",
        "high",
        f"src/alpha is in main@0487dce (7 files in 2 directories), not on {host}",
        state="missing",
        cause="never_deployed",
        direction="reference_ahead",
        expected={"type": "directory", "files": 7, "directories": 2, "sample": ["src/alpha/a.py", "src/alpha/b.py"]},
    )
    audit.fail(
        host,
        "trees",
        "forbidden",
        "src/__pycache__:**/*.pyc",
        "low",
        "20 files in src/__pycache__ must not be there",
        state="unexpected",
        cause="forbidden",
        expected={"count": 0},
        observed={"count": 20, "sample": ["src/__pycache__/main.pyc"]},
        remedy=remedy("remove", "Look at the files, remove them."),
    )


def all_ok() -> dict[str, Any]:
    audit = Audit({"prod": ["prod-1"]})
    audit.facts("prod-1", "git", git_facts())
    audit.facts("prod-1", "trees", tree_facts())
    audit.cover("prod-1", "git", 6)
    audit.cover("prod-1", "trees", 240, ignored=61)
    for section in ("git", "trees"):
        audit.evidence("prod-1", section)
    audit.passed(
        "prod-1",
        "git",
        "commit",
        ".",
        "prod-1 is at 0487dce, as main@0487dce",
        expected={"commit": NEW},
        observed={"commit": NEW},
    )
    audit.passed("prod-1", "trees", "comparison", ".", "All 240 files of . equal main@0487dce")
    return audit.done()


def unseen() -> dict[str, Any]:
    audit = Audit({"prod": ["prod-1"]}, finished=None)
    audit.cover("prod-1", "run", 0, 1, reasons=("prod-1 could not be reached: connection refused",))
    summary = "prod-1 could not be reached: connection refused"
    audit.unknown("prod-1", "run", "observed", "prod-1", "critical", summary, cause="unreachable", evidence=[])
    return audit.done()


def two_environments() -> dict[str, Any]:
    audit = Audit({"staging": ["staging-1"], "prod": ["prod-1", "prod-2"]})
    for host in ("prod-1", "staging-1"):
        audit.facts(host, "git", git_facts())
        audit.cover(host, "git", 6)
        audit.evidence(host, "git")
        audit.passed(
            host, "git", "commit", ".", f"{host} is at 0487dce", expected={"commit": NEW}, observed={"commit": NEW}
        )
    _drifted_git(audit, "prod-2")
    audit.facts("staging-1", "trees", tree_facts(base={"commit": OLD, "source": "nearest", "apart": 3}))
    audit.cover("staging-1", "trees", 240)
    audit.fail(
        "staging-1",
        "trees",
        "must_contain",
        "src/main.py",
        "info",
        "src/main.py holds the pattern 2 times",
        outcome="observation",
        cause="rule_broken",
        remedy=remedy("investigate", "Compare the file with the reference."),
    )
    return audit.done()


GOLDEN: dict[str, Callable[[], dict[str, Any]]] = {
    "drift": drift,
    "all_ok": all_ok,
    "unseen": unseen,
    "two_environments": two_environments,
    "hostile": lambda: hostile(HOSTILE_NAME),
}
