# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals of all hosts: their names, those that are asked for, and the folders that they are written to."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import offer, readme
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal, Step
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename, quoted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = "../x\n# y `z` <b> {{ 1 }} \x1b[31m"


def proposal(subject: str = "clean-up", host: str = "web1", can: bool = True) -> Proposal:
    return Proposal(
        kind="clean_up" if can else "unit",
        subject=subject,
        host=host,
        title=f"Do something to {subject}",
        what=f"It does something on {host}.",
        why=({"id": "0" * 16, "summary": subject},),
        files={"a.txt": "a\n"},
        notes=(subject,),
        review=(Step("Look at it:", (f"cat {quoted(subject)}",)),),
        apply=() if can else (Step("First."), Step("Then:", ("true",))),
        undo=(Step("Undo it."),),
        actions=({"operations": []},) if can else (),
    )


def test_names_tell_proposals_apart() -> None:
    given = [
        proposal(),
        proposal(host="web/1"),
        proposal(host="web 1"),
        proposal("a b", can=False),
        proposal("", can=False),
    ]
    assert list(offer.name(given)) == [
        "clean-up-web1",
        "clean-up-web-1",
        "clean-up-web-1-2",
        "unit-a-b-web1",
        "unit-unnamed-web1",
    ]


@given(st.text(max_size=80))
def test_a_file_name_is_one(text: str) -> None:
    made = filename(text)
    assert made and set(made) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert not made.startswith((".", "-")) and len(made) <= 60


@given(st.binary(max_size=20).map(lambda content: content.replace(b"\0", b"")))
def test_a_shell_gets_the_name_that_it_is(name: bytes) -> None:
    line = f"printf %s {quoted(show(name))}"
    assert line.isprintable()
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, env={"LC_ALL": "C"})
    assert done.stdout == name


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ["clean-up-web"],
            'sync_proposals[0]: this plan has no proposal "clean-up-web", did you mean "clean-up-web1"?',
        ),
        (
            ["clean-up-web1", "x"],
            'sync_proposals[1]: this plan has no proposal "x". It has: clean-up-web1, unit-w-web1',
        ),
        (["unit-w-web1"], "sync_proposals[0]: unit-w-web1 is applied by hand"),
    ],
)
def test_what_cannot_be_applied_is_said_once(asked: list[str], said: str) -> None:
    offered = offer.name([proposal(), proposal("w", can=False)])
    assert offer.chosen(offered, ["clean-up-web1"]) == {"clean-up-web1"}
    with pytest.raises(ContractError) as caught:
        offer.chosen(offered, asked)
    assert len(caught.value.errors) == 1
    assert caught.value.errors[0].startswith(said)
    with pytest.raises(ContractError, match="It has none"):
        offer.chosen({}, asked)


def test_each_has_a_folder_with_its_files(tmp_path: Path) -> None:
    offered = offer.name([proposal(), proposal(HOSTILE, HOSTILE, can=False)])
    offer.write(RunFolder(str(tmp_path)), offered, {"run": "20260101T000000Z-prod-1"})
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    name = "unit-x-y-z-b-1-31m-x-y-z-b-1-31m"
    assert written == sorted(
        f"proposals/{one}/{file}" for one in ("clean-up-web1", name) for file in ("README.md", "a.txt")
    )
    text = (tmp_path / "proposals" / name / "README.md").read_text()
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if line.startswith("#")]) == 6
    assert [path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()] == [0o600] * 4


def test_a_readme_says_what_why_and_how() -> None:
    text = readme.readme("clean-up-web1", proposal(), {"run": "20260101T000000Z-prod-1"})
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Do something to clean-up",
        "## Why",
        "## To be looked at first",
        "## Review",
        "## Apply",
        "## Undo",
    ]
    assert '-e \'{"sync_proposals": ["clean-up-web1"]}\'' in text
    assert "sync_proposals" not in readme.readme("unit-w-web1", proposal("w", can=False), {"run": "r"})


def test_a_plan_lists_them() -> None:
    offered = offer.name([proposal(), proposal("w", can=False), *(proposal(host=f"h{n}") for n in range(30))])
    listed = offer.listed(offered, {"clean-up-web1"})
    assert json.loads(json.dumps(listed)) == listed
    screen = Screen(80, False)
    readme.show(screen, listed)
    lines = screen.text().splitlines()
    assert lines[1:4] == [
        "32 proposals, to be read and applied only when asked:",
        "  clean-up-web1 (part of this plan)",
        "    Do something to clean-up",
    ]
    assert lines[-2] == "  and 12 more in plan.md"
    assert lines[-1] == "  -> how to review, apply and undo: proposals/NAME/README.md beside the plan"
    table = readme.document(listed)[-1].splitlines()
    assert len(table) == 2 + 32
    assert {line.count(" | ") for line in table[2:]} == {4}
    assert readme.document([]) == []
