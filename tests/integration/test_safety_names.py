# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile names from a host: none is a template, none steers a terminal, none breaks a report."""

from __future__ import annotations

import itertools
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from e2e_operator import Operator, Outcome
from e2e_project import Repository, git, write

SCHEMA = Path(__file__).parents[2] / "docs/findings.schema.json"
STRICT = {"_ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR": "error"}


def payloads(mark: str) -> list[str]:
    """Return texts each of which makes the file ``mark`` when it is taken for a template."""
    touch = f"touch {mark}"
    return [
        f"{{{{ lookup('pipe', '{touch}') }}}}",
        f"{{% set x = lookup('pipe', '{touch}') %}}",
        f"{{{{ lookup('ansible.builtin.pipe', \"{touch}\") }}}}",
        f"{{{{ query('pipe', '{touch}') | first }}}}",
        f"!unsafe {{{{ lookup('pipe', '{touch}') }}}}",
        f"$({touch})",
        f"`{touch}`",
        f"; {touch} #",
    ]


STEERING = [
    b"\x1b[31mred\x1b[0m",
    b"\x1b]0;title\x07",
    b"\x1b[2J\x1b[1;1H",
    b"\x9b31m",
    "\u009b31m".encode(),
    "right\u202eleft".encode(),
    "zero\u200bwidth".encode(),
    b"carriage\rreturn",
    b"new\nline",
    b"\ntwo\n\nparagraphs",
    b"tab\tstop",
    b"back\x08space",
    b"not utf-8 \xff\xfe",
    b"half \xc3",
    b"back\\slash \\x41",
    b"<script>alert(1)",
    b"<img src=x onerror=alert(1)>",
    b"a|b|c",
    b"`code`",
    b"``` fence",
    b"[link](javascript:alert(1))",
    b"![image](http:)",
    b"# heading",
    b"- item",
    b"| --- | --- |",
    b"<td><!--",
    b"&lt;",
    b"'single' \"double\"",
    b" leading and trailing ",
    b"-rf",
    b"~",
    b"%s %d {0}",
    b"=cmd()",
]
BYTES = [b"byte-" + bytes([code]) for code in range(1, 256) if code != ord("/")]


class Hostile:
    """A host on which every name, link, branch, tag, commit subject, remote and user-made text is hostile."""

    def __init__(self, folder: Path, mark: Path) -> None:
        self.mark = mark
        # A file name has no slash: what makes the mark there finds its folder in the environment.
        self.texts = payloads("$EVENKEEL_MARK")
        self.names = [*STEERING, *BYTES, *(text.encode() for text in self.texts)]
        self.reference = Repository(folder / "reference")
        self._fill(self.reference.path / "tracked", "before\n")
        self.reference.commit(payloads(str(mark))[0])
        self.reference.commit("\x1b[31mSecond\x1b[0m {{ 7 * 7 }} | <b>", {"more": "more\n"})
        self.host = self.reference.deploy(folder / "host", "HEAD~1")
        self._drift()

    def _fill(self, folder: Path, content: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.names:
            with open(os.path.join(os.fsencode(folder), name), "w") as file:
                file.write(content)

    def _drift(self) -> None:
        host, text = self.host, payloads(str(self.mark))[0]
        self._fill(host / "tracked", f"after {text} \x1b[31m\n")
        self._fill(host / "only", "new\n")
        for number, name in enumerate(self.names):
            os.makedirs(os.path.join(os.fsencode(host), b"folders", name))
            with open(os.path.join(os.fsencode(host), b"folders", name, b"file"), "w") as file:
                file.write("x")
            os.symlink(name, os.fsencode(host / f"link{number}"))
        (host / "nested/.git").mkdir(parents=True)
        (host / "nested/.git/HEAD").write_text(f"ref: refs/heads/{text}\x1b[31m\n")
        branch = "{{lookup('pipe','touch${IFS}" + str(self.mark) + "')}}"
        git(host, "checkout", "-q", "-b", branch)
        git(host, "tag", "{{1}}<b>|\u202e")
        git(host, "config", "remote.{{x}}\x1b[31m.url", f"https://user:password@example.org/{text}\x1b[31m")
        git(host, "config", "remote.{{x}}\x1b[31m.fetch", "+refs/heads/*:refs/remotes/x/*")


@pytest.fixture(name="hostile", scope="module")
def fixture_hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    folder = tmp_path_factory.mktemp("hostile")
    return Hostile(folder, folder / "MARK")


@pytest.fixture(name="audit", scope="module")
def fixture_audit(hostile: Hostile, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    operator = Operator(tmp_path_factory.mktemp("operator"))
    rules = [{"path": "tracked/back\\slash \\x41", "pattern": "never"}]
    contract = {"git": {"remotes": ["origin"], "branch": "main"}, "trees": [{"name": "source", "must_contain": rules}]}
    inventory = operator.inventory({"web1": {"drift_root": str(hostile.host)}})
    extra = {
        "drift_output_dir": str(operator.runs),
        "drift_repo": str(hostile.reference.path),
        "drift_contract": contract,
        "drift_fail_on": "low",
    }
    arguments = ("evenkeel.drift.audit", "-i", inventory, "-e", json.dumps(extra), "-v")
    return operator.play(*arguments, environment={**STRICT, "EVENKEEL_MARK": str(hostile.mark)})


def test_the_audit_ends_as_any_other(hostile: Hostile, audit: Outcome) -> None:
    assert audit.state() == (2, "drift")
    assert audit.run is not None
    assert not (audit.run / "INCOMPLETE").exists()


def test_every_name_is_found_under_its_own_spelling(hostile: Hostile, audit: Outcome) -> None:
    data = audit.evidence("web1", "trees")["data"]["trees"][0]
    different = {raw(item["path"]) for item in data["differences"] if item["path"].startswith("tracked/")}
    assert different == {b"tracked/" + name for name in hostile.names}
    links = {raw(item["host"]["target"]) for item in data["differences"] if item["path"].startswith("link")}
    assert links == set(hostile.names)
    groups = {raw(item["path"]): item["files"] for item in data["groups"]}
    assert groups[b"folders/"] == groups[b"only/"] == len(hostile.names)


def test_no_name_is_taken_for_a_template(hostile: Hostile, audit: Outcome) -> None:
    assert "lookup('pipe'" in audit.report.replace("\\", ""), "the names reached the report"
    assert not hostile.mark.exists()


def controls(text: str) -> list[str]:
    """Return what in a text could steer a terminal, or change how its other characters are shown."""
    return sorted({char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"})


def test_the_terminal_sees_no_control_character(audit: Outcome) -> None:
    assert controls(audit.text) == []


def test_the_files_hold_no_control_character(audit: Outcome) -> None:
    assert audit.run is not None
    for path in sorted(path for path in audit.run.rglob("*") if path.is_file()):
        text = path.read_bytes().decode("utf-8")
        assert [char for char in controls(text) if path.name != "report.md" or char != "\t"] == [], path.name


def prose(report: str) -> Iterator[str]:
    """Yield the lines of a report outside of its fenced blocks."""
    fence = ""
    for line in report.splitlines():
        ticks = re.match(r" {0,3}(`{3,})([^`]*)$", line)
        if fence:
            if ticks and len(ticks.group(1)) >= len(fence) and not ticks.group(2).strip():
                fence = ""
        elif ticks:
            fence = ticks.group(1)
        else:
            yield line


def tables(report: str) -> Iterator[list[str]]:
    """Yield the tables of a report as lists of lines."""
    for is_table, rows in itertools.groupby(prose(report), lambda line: line.startswith("|")):
        if is_table:
            yield list(rows)


def cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) - 1


def test_every_row_of_a_table_has_the_cells_of_its_head(audit: Outcome) -> None:
    count = 0
    for rows in tables(audit.report):
        assert {cells(row) for row in rows} == {cells(rows[0])}, rows[0]
        count += len(rows)
    assert count > len(STEERING)


def test_findings_are_valid_against_their_schema(audit: Outcome) -> None:
    jsonschema.validate(audit.findings, json.loads(SCHEMA.read_text()))


def test_reports_hold_no_markup_of_a_host(audit: Outcome) -> None:
    outside_of_code = re.sub(r"(?<!\\)`+[^`\n]+`+", "", "\n".join(prose(audit.report)))
    assert "alert" in outside_of_code, "the names are there"
    assert re.search(r"(?<!\\)<(script|img|td)", outside_of_code) is None


@pytest.mark.parametrize("verbosity", [(), ("-v",)])
@pytest.mark.parametrize("name", ["\x1b[31mred", "\x7f", "right\u202eleft\x9b31m"])
def test_the_verdict_of_a_hostile_name_is_harmless(
    operator: Operator, tmp_path: Path, name: str, verbosity: tuple[str, ...]
) -> None:
    """The worst finding, which a failing host is given as the reason, is about a hostile name."""
    reference = Repository(tmp_path / "reference")
    reference.commit("First", {name: "one\n"})
    host = reference.deploy(tmp_path / "host")
    write(host, {name: "two\n"})
    inventory = operator.inventory({"web1": {"drift_root": str(host)}}, drift_fail_on="low", drift_sections=["trees"])
    audit = operator.audit(inventory, *verbosity, drift_repo=str(reference.path))
    (finding,) = audit.findings["findings"]
    assert controls(finding["subject"]) != []
    assert audit.code == 2
    assert controls(audit.text) == []


@pytest.mark.parametrize("stream", ["", " >&2; exit 1"])
def test_what_a_broken_host_says_is_harmless(operator: Operator, tmp_path: Path, stream: str) -> None:
    mark = tmp_path / "MARK"
    python = tmp_path / "python"
    said = tmp_path / "said"
    said.write_text(f"{payloads(str(mark))[0]} \x1b[31m \u202e \x9b31m <b>|</b>\n")
    python.write_text(f"#!/bin/sh\ncat {said}{stream}\n")
    python.chmod(0o755)
    inventory = operator.inventory({"web1": {"drift_root": "/", "ansible_python_interpreter": str(python)}})
    audit = operator.audit(inventory, "-v")
    assert audit.state() == (2, "unknown")
    assert controls(audit.text) == []
    assert controls(audit.report) == []
    assert not mark.exists()


def test_twin_without_escapes_is_caught() -> None:
    assert controls("\x1b[31m") == ["\x1b"]
    assert controls("a\u202eb") == ["\u202e"]
    broken = "| a | b |\n| --- | --- |\n| x|y | z |\n"
    assert [{cells(row) for row in rows} for rows in tables(broken)] == [{2, 3}]


def test_twin_that_trusts_a_name_makes_the_mark(hostile: Hostile, tmp_path: Path) -> None:
    operator = Operator(tmp_path / "operator")
    mark = tmp_path / "MARK"
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"name_of_a_file": payloads(str(mark))[0]},
        "tasks": [{"ansible.builtin.debug": {"msg": "{{ name_of_a_file }}"}}],
    }
    (operator.desk / "trusting.yml").write_text(json.dumps([play]))
    operator.play("trusting.yml", "-i", operator.inventory({"web1": {}}), environment=STRICT)
    assert mark.exists()


def test_a_registered_observation_is_no_template_either(hostile: Hostile, tmp_path: Path) -> None:
    """The modules used alone: what they return is shown, looped over and joined, and never becomes a template."""
    operator = Operator(tmp_path / "operator")
    contract = {"git": {}, "trees": [{"name": "source"}]}
    tasks = [
        {
            "evenkeel.drift.snapshot_info": {
                "root": str(hostile.host),
                "contract": contract,
                "repo": str(hostile.reference.path),
            },
            "register": "seen",
        },
        {"ansible.builtin.debug": {"var": "seen"}},
        {
            "ansible.builtin.debug": {"msg": "{{ item.path }}"},
            "loop": "{{ seen.sections.trees.data.trees[0].differences[:40] }}",
        },
    ]
    (operator.desk / "alone.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    outcome = operator.play(
        "alone.yml", "-i", operator.inventory({"web1": {}}), environment={"EVENKEEL_MARK": str(hostile.mark)}
    )
    assert outcome.code == 0, outcome.text[-2000:]
    assert "lookup('pipe'" in outcome.text
    assert not hostile.mark.exists()
