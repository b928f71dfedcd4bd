# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed against what requirements files and the contract ask for."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.packages import CHECKS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.packages import DEFAULTS, judge
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Judgement

Json = dict[str, t.Any]

CONTEXT = Context("prod", "prod-1")
PLATFORM = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1",
    "platform_system": "Linux",
    "platform_version": "1",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def environment(installed: str, *texts: str, **more: t.Any) -> Json:
    """Evidence of an environment; a line that begins with ``!`` is a constraint."""
    packages = [
        {"name": name, "version": version, "path": f"venv/{name}.dist-info", "source": ""}
        for name, _sign, version in (one.partition("=") for one in installed.split())
    ]
    lines = [
        {
            "file": "r.txt",
            "line": at,
            "text": text.lstrip("!"),
            "constraint": text[0] == "!",
            "target": "",
            "problem": "",
        }
        for at, text in enumerate(texts, 1)
    ]
    made = {"path": "venv", "outcome": "ok", "reason": "", "python": "3.11.7", "platform": PLATFORM, "interpreter": ""}
    made.update(packages=packages, broken=[], unread=[], newest=None, requirements=lines)
    return {**made, "requirements_outcome": "ok", "requirements_reason": "", **more}


def judged(seen: Json, **entry: t.Any) -> Judgement:
    contract = [{"venv": "venv", "requirements": ["r.txt"], "only_declared": False, "names": None, **entry}]
    return judge(contract, {"environments": [seen], "systems": []}, CONTEXT)


def brief(made: Judgement) -> set[tuple[str, str, str | None]]:
    return {(check.check, check.subject, check.cause) for check in made.checks if check.is_finding}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a==1.0", None),
        ("A[x] >= 0.5, <2 ; python_version >= '3.8'", None),
        ("a", None),
        ("a==1", None),
        ("a===1.0", None),
        ("a ~= 1.0", None),
        ("a!=1.0", "wrong_version"),
        ("a==2.0 --global-option=x", "wrong_version"),
        ("a===1", "wrong_version"),
        ("a<1", "wrong_version"),
        ("gone", "not_installed"),
        ("gone==1; extra == 'x'", None),
        ("gone==1; sys_platform == 'win32'", None),
        ("gone; python_full_version >= '3.11.7'", "not_installed"),
        ("!gone<1", None),
        ("!a<1", "wrong_version"),
        ("a @ https://example.org/a-9.whl", None),
        ("gone @ git+https://example.org/gone.git@v1", "not_installed"),
        ("git+https://example.org/x.git#egg=a&subdirectory=b", None),
        ("-e git+https://example.org/x.git#egg=gone", "not_installed"),
        ("https://example.org/gone-1.0-py3-none-any.whl", "not_installed"),
        ("https://example.org/x.tar.gz", "unseen"),
        ("--index-url https://example.org", None),
        ("--what", "unseen"),
        ("a==${VERSION}", "unseen"),
        ("a @@ b", "unseen"),
        ("a==", "unseen"),
    ],
)
def test_lines(line: str, found: str | None) -> None:
    causes = {cause for _check, _subject, cause in brief(judged(environment("a=1.0", line)))}
    assert causes == ({found} if found else set())


def test_a_wrong_version_names_both_and_the_line() -> None:
    (check,) = (one for one in judged(environment("a=1.0", "-i x", "a==2.0", "a>1.5")).checks if one.check == "version")
    assert check.summary == "a is 1.0 in venv, but r.txt:2 asks for ==2.0; so does r.txt:3 (>1.5)"
    assert (check.expected, check.observed) == (
        {"specifier": "==2.0", "file": "r.txt", "line": 2},
        {"version": "1.0"},
    )


def test_pre_releases_and_local_versions() -> None:
    assert brief(judged(environment("a=2.0rc1 b=1.0+cu118", "a>=1.0", "b==1.0"))) == set()


def test_a_version_that_cannot_be_compared_is_unknown() -> None:
    assert brief(judged(environment("a=1.0-odd-one", "a==1.0"))) == {("version", "a", "unseen")}


def test_a_marker_that_needs_what_is_not_known_is_unknown() -> None:
    seen = environment("a=1.0", "a; python_full_version > '3'", platform={**PLATFORM, "python_full_version": None})
    assert brief(judged(seen)) == {("requirements", "r.txt:1", "unseen")}


def test_a_local_path_is_told_by_its_source() -> None:
    seen = environment("a=1.0", "-e .", "./lib")
    seen["packages"][0]["source"] = "/srv/app"
    seen["requirements"][0]["target"], seen["requirements"][1]["target"] = "/srv/app", "/srv/app/lib"
    assert brief(judged(seen, only_declared=True)) == {("requirements", "r.txt:2", "unseen")}


def test_two_versions_must_both_be_right() -> None:
    assert brief(judged(environment("a=1.0 a=2.0", "a==2.0"))) == {("version", "a", "wrong_version")}


def test_only_declared() -> None:
    seen = environment("a=1 b=2 pip=3 setuptools=4", "a", "!b<9")
    assert brief(judged(seen)) == set()
    assert brief(judged(seen, only_declared=True)) == {("declared", "b", "undeclared_package")}
    unclear = environment("a=1 b=2", "a", "what ever")
    assert brief(judged(unclear, only_declared=True)) == {
        ("declared", "venv", "unseen"),
        ("requirements", "r.txt:2", "unseen"),
    }


def test_what_was_not_read_is_not_missing() -> None:
    unread = [{"path": "venv/gone_x-1.dist-info", "reason": "permission denied"}]
    made = judged(environment("a=1", "gone-x", "lost", unread=unread))
    assert brief(made) == {
        ("installed", "gone-x", "unseen"),
        ("installed", "lost", "not_installed"),
        ("metadata", "venv/gone_x-1.dist-info", "unseen"),
    }


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"outcome": "missing", "reason": "venv does not exist"}, ("environment", "venv", "not_installed")),
        ({"outcome": "unknown", "reason": "denied"}, ("environment", "venv", "unseen")),
        ({"interpreter": "venv/bin/python leads nowhere"}, ("environment", "venv", "broken_metadata")),
        ({"broken": [{"path": "x", "reason": "y"}]}, ("metadata", "x", "broken_metadata")),
        (
            {"requirements_outcome": "unknown", "requirements_reason": "r.txt does not exist"},
            ("requirements", "venv", "unseen"),
        ),
    ],
)
def test_environments(more: Json, finding: tuple[str, str, str]) -> None:
    made = judged(environment("a=1", **more))
    assert brief(made) == {finding}
    assert (made.coverage["unknown"], made.cells["venv"] == "unknown") == (
        int(finding[2] == "unseen"),
        more.get("outcome") is not None,
    )


def test_what_the_system_shares_needs_no_requirement() -> None:
    shared = {"name": "b", "version": "1", "path": "/usr/lib/python3/dist-packages/b.dist-info", "source": ""}
    seen = environment("a=1", "a==1")
    assert brief(judged({**seen, "packages": [*seen["packages"], shared]}, only_declared=True)) == set()
    seen = environment("a=1 b=1", "a==1")
    assert brief(judged(seen, only_declared=True)) == {("declared", "b", "undeclared_package")}


def test_severities_and_terms_of_the_contract() -> None:
    entry = {"severity": {"version": "critical"}, "owner": "ops", "impact": "bad", "remedy": "call"}
    (check,) = (one for one in judged(environment("a=1", "a==2"), **entry).checks if one.is_finding)
    assert (check.severity, check.owner, check.impact, check.remedy) == (
        "critical",
        "ops",
        "bad",
        {"kind": "install", "text": "call"},
    )


def test_marks_are_equal_for_equal_packages_alone() -> None:
    marks = [judged(environment(installed)).marks["venv"] for installed in ("a=1 b=2", "b=2 a=1", "a=1 b=3")]
    assert marks[0] == marks[1] != marks[2]
    assert judged({**environment("a=1"), "unread": [{"path": "venv/b.dist-info", "reason": "denied"}]}).marks == {}


def test_system_packages() -> None:
    names = {"right": "3.*", "wrong": "9*", "none": "*", "half": "*", "both:i386": "1"}
    packages = {"right": ["3.1"], "wrong": ["8", "9"], "both:i386": ["1"]}
    system = {"kind": "dpkg", "outcome": "ok", "reason": "", "packages": packages, "unfinished": {"half": "unpacked"}}
    contract = [{"system": "dpkg", "venv": None, "names": names}]
    made = judge(contract, {"environments": [], "systems": [system]}, CONTEXT)
    assert brief(made) == {
        ("version", "wrong", "wrong_version"),
        ("installed", "none", "not_installed"),
        ("metadata", "half", "broken_metadata"),
    }
    unseen = {**system, "outcome": "unknown", "reason": "this host has no dpkg"}
    made = judge(contract, {"environments": [], "systems": [unseen]}, CONTEXT)
    assert brief(made) == {("environment", "dpkg", "unseen")}
    assert brief(judge(contract, {"environments": [], "systems": []}, CONTEXT)) == {("environment", "dpkg", "unseen")}


def test_each_check_has_a_severity() -> None:
    assert set(CHECKS) == set(DEFAULTS)
