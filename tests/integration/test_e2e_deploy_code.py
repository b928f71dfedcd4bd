# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host keeps the code of a deploy for the next one, which fares the same whatever became of it meanwhile."""

from __future__ import annotations

import hashlib
import json
import sys
import typing as t
from pathlib import Path

import pytest
from e2e_operator import AUDIT, Operator
from e2e_project import Repository, write

_SECTIONS = {"drift_sections": ["trees"]}
# What a program with all its code has at least, and one without any at most.
_WHOLE, _SHORT = 60_000, 12_000
# Counts what comes over its standard input, and is the interpreter in all else.
_PYTHON = """#!/bin/sh
given=$(mktemp {folder}/given.XXXXXX)
cat >"$given"
wc -c <"$given" >>{log}
exec {python} "$@" <"$given"
"""


class Site:
    """One host with one file, and the bytes of each program that it was sent."""

    def __init__(self, folder: Path, operator: Operator) -> None:
        self.operator = operator
        self.reference = Repository(folder / "reference")
        write(self.reference.path, {"main.py": "one\n"})
        self.root = self.reference.deploy(folder / "web1", self.reference.commit("First"), with_git=False)
        self.state = folder / "state"
        self._log = folder / "sizes"
        python = folder / "python"
        python.write_text(_PYTHON.format(folder=folder, log=self._log, python=sys.executable))
        python.chmod(0o755)
        host = {"drift_root": str(self.root), "ansible_python_interpreter": str(python)}
        given = {"drift_repo": str(self.reference.path), "drift_state_dir": str(self.state), **_SECTIONS}
        self._inventory = operator.inventory({"web1": host}, **given)

    def play(self, playbook: str, **variables: t.Any) -> list[int]:
        """Run a playbook and return the bytes of each program."""
        self._log.write_text("")
        extra = json.dumps({"drift_output_dir": str(self.operator.runs), **variables})
        done = self.operator.play(playbook, "-i", self._inventory, "-e", extra)
        assert done.code == 0, done.text
        return [int(line) for line in self._log.read_text().split()]

    def deploy(self, text: str, **variables: t.Any) -> list[int]:
        """Commit a file and deploy it."""
        self.reference.commit(text, {"main.py": text})
        sizes = self.play("evenkeel.drift.deploy", **variables)
        assert (self.root / "main.py").read_text() == text
        return sizes

    def code(self) -> list[Path]:
        return sorted(self.state.glob("*/code/*"))

    def is_whole(self) -> bool:
        return all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name[-64:] for path in self.code())


@pytest.fixture(name="site")
def fixture_site(tmp_path: Path, operator: Operator) -> Site:
    return Site(tmp_path, operator)


def test_the_next_deploy_is_not_sent_the_code_again(site: Site) -> None:
    looked, audit, change, again = site.deploy("two\n")
    assert min(audit, change) > _WHOLE
    assert max(looked, again) < _SHORT
    kept = {path: path.stat().st_ctime_ns for path in site.code()}
    assert kept
    assert site.is_whole()
    sizes = site.deploy("three\n")
    assert len(sizes) == 4
    assert max(sizes) < _SHORT
    assert {path: path.stat().st_ctime_ns for path in site.code()} == kept


def test_code_that_was_tampered_with_is_sent_and_put_there_again(site: Site) -> None:
    site.deploy("two\n")
    for path in site.code():
        path.write_bytes(b"raise SystemExit('hijacked')")
    sizes = site.deploy("three\n")
    # Audit and change are sent once more, whole; what the change keeps serves the audit after it.
    assert [size > _WHOLE for size in sizes] == [False, False, True, False, True, False]
    assert site.is_whole()
    assert max(site.deploy("four\n")) < _SHORT


def test_nothing_is_kept_or_used_where_that_is_not_wanted(site: Site) -> None:
    assert min(site.deploy("two\n", sync_keep_code=False)[1:]) > _WHOLE
    assert site.code() == []
    site.deploy("three\n")
    assert site.code() != []
    assert min(site.deploy("four\n", sync_keep_code=False)[1:]) > _WHOLE


def test_an_audit_neither_writes_nor_uses_it(site: Site) -> None:
    site.deploy("two\n")
    before = {path: path.stat().st_ctime_ns for path in site.state.rglob("*")}
    (size,) = site.play(AUDIT)
    assert size > _WHOLE
    assert {path: path.stat().st_ctime_ns for path in site.state.rglob("*")} == before
