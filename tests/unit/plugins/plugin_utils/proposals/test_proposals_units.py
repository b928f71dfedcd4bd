# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units that are proposed: the command is the one that runs, whatever it holds, and systemd takes the file."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK, mask_argv
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import unit_words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.units import units
from hypothesis import given
from hypothesis import strategies as st
from proposals_seen import finding, process, processes, seen, worker
from systemd_reader import command, words

HOSTILE = [
    "a b",
    "new\nline",
    "[Install]\nWantedBy=x",
    'quo"te',
    "apo'strophe",
    "50%",
    "%n",
    "$HOME",
    "${HOME}",
    "back\\slash",
    "back\\",
    ";",
    "#",
    "{{ lookup('pipe', 'id') }}",
    "\u202ereversed",
    "\u2028",
    "\x1b[31m",
    "",
    "\udcff\udcfe",
    "-",
    "@",
]
ARGUMENTS = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.binary(max_size=12).map(lambda b: b.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
    ),
    max_size=6,
)


def made(proposal: Proposal) -> tuple[str, dict[str, list[str]]]:
    """Return the name of a proposed unit and its settings."""
    (name,) = [name for name in proposal.files if name.endswith(".service")]
    settings: dict[str, list[str]] = {}
    for line in proposal.files[name].split("\n"):
        if line and line[0] not in "#[":
            key, _sign, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return name, settings


def one(*given: t.Any, **more: t.Any) -> tuple[str, dict[str, list[str]]]:
    (proposal,) = units(worker(*given, **more))
    return made(proposal)


def test_a_process_started_by_hand_gets_a_unit() -> None:
    name, settings = one(process())
    assert name == "shop-worker.service"
    assert settings == {
        "Description": ["worker of shop"],
        "Wants": ["network-online.target"],
        "After": ["network-online.target"],
        "Type": ["exec"],
        "User": ["app"],
        "WorkingDirectory": ["/srv/app"],
        "Environment": [
            "VIRTUAL_ENV=/srv/app/venv "
            "PATH=/srv/app/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        ],
        "EnvironmentFile": ["/etc/default/shop-worker"],
        "ExecStart": ["/srv/app/venv/bin/python src/worker.py --fast"],
        "Restart": ["on-failure"],
        "RestartSec": ["5"],
        "MemoryMax": ["128M"],
        "WantedBy": ["multi-user.target"],
    }


@pytest.mark.parametrize(
    ("declared", "entry", "name"),
    [
        ([], {"unit": "app-worker"}, "app-worker.service"),
        ([], {"unit": "../../x y.service"}, "x-y.service"),
        ([{"name": "worker.service"}], {}, "worker.service"),
        ([{"name": "shop-worker.service"}], {}, "shop-worker.service"),
        ([{"name": "worker.service", "active": False, "enabled": False}], {}, "shop-worker.service"),
    ],
)
def test_the_unit_is_called_as_the_contract_calls_it(declared: list[t.Any], entry: t.Any, name: str) -> None:
    assert one(process(), declared=declared, **entry)[0] == name


def test_there_is_no_proposal_where_there_is_nothing_to_write() -> None:
    there = {"units": [{"name": "shop-worker.service", "load": "loaded"}]}
    assert units(worker(process(), units=there)) == []
    assert units(worker(process(unit="shop-worker.service"))) == []
    assert units(worker(process(unread={"unit": "permission denied"}))) == []
    assert units(seen({"processes": [{"name": "worker", "match": "worker"}]}, processes=processes(process()))) == []
    waived = finding("processes", "supervised", "worker", "worker[41]", cause="unsupervised", waiver={"reason": "x"})
    contract = {"processes": [{"name": "worker", "match": "worker", "supervised": True}]}
    assert units(seen(contract, [waived], processes=processes(process()))) == []
    assert units(seen(contract, [waived])) == []


def test_the_unit_is_made_of_the_instance_that_is_right() -> None:
    old = process(50, venv="/srv/app/venv_old", argv=["venv_old/bin/python", "src/worker.py"])
    (proposal,) = units(worker(old, process(41), venv="venv"))
    assert made(proposal)[1]["ExecStart"] == ["/srv/app/venv/bin/python src/worker.py --fast"]
    assert any("pid 50" in note and "/srv/app/venv_old" in note for note in proposal.notes)
    assert "kill 50 41" in [line for step in proposal.apply for line in step.commands]


@pytest.mark.parametrize(
    ("given", "program", "sure"),
    [
        ({"argv": ["/opt/x/bin/tool"], "exe": "/opt/x/bin/tool"}, "/opt/x/bin/tool", True),
        ({"argv": ["./run.sh"], "exe": "/bin/sh"}, "/srv/app/run.sh", True),
        ({"argv": ["python", "a.py"]}, "/srv/app/venv/bin/python", True),
        ({"argv": ["python3", "a.py"], "venv": None}, "/usr/bin/python3.13", True),
        ({"argv": ["gunicorn: master [app]"]}, "/usr/bin/python3.13", False),
        ({"argv": [], "exe": "/usr/bin/x"}, "/usr/bin/x", False),
        ({"argv": ["tool"], "exe": None}, "/tool", False),
        ({"argv": ["/opt/tool"], "exe": "/opt/tool", "replaced": ["exe"]}, "/opt/tool", False),
    ],
)
def test_the_program_has_an_absolute_path(given: t.Any, program: str, sure: bool) -> None:
    (proposal,) = units(worker(process(**given)))
    assert command(made(proposal)[1]["ExecStart"][0])[0] == program.encode()
    assert (not proposal.notes) == sure


def test_a_unit_never_runs_as_root_because_nobody_knows_better() -> None:
    (proposal,) = units(worker(process(user=None, unread={"user": "denied"})))
    assert made(proposal)[1]["User"] == ["FILL-IN"]
    assert any("as whom it runs is not known" in note for note in proposal.notes)


def test_what_is_masked_is_filled_in_on_the_host() -> None:
    argv = mask_argv(["/opt/tool", "--password", "hunter2hunter2", "--url=postgres://u:s3cr3tpw@db/x", "plain $x"])
    assert argv[2] == MARK and MARK in argv[3]
    (proposal,) = units(worker(process(argv=argv, exe="/opt/tool", venv=None)))
    filled = {"FILL_IN_1": b"one 1", "FILL_IN_2": b"two"}
    line = made(proposal)[1]["ExecStart"][0]
    assert command(line, filled)[2:] == [b"one 1", b"--url=postgres://u:two@db/x", b"plain $x"]
    assert MARK not in line
    assert "FILL_IN_1=\n" in proposal.files["environment.example"]
    assert any("FILL_IN_1, FILL_IN_2" in note for note in proposal.notes)
    assert not proposal.actions


@given(ARGUMENTS)
def test_the_command_is_the_one_that_runs(arguments: list[str]) -> None:
    argv = ["/opt/tool", *arguments]
    _name, settings = one(process(argv=[show(word) for word in argv], exe="/opt/tool"))
    assert command(settings["ExecStart"][0]) == [word.encode("utf-8", "surrogateescape") for word in argv]


@given(st.binary(max_size=20).map(lambda content: content.replace(b"\0", b"").replace(b"/", b"")))
def test_every_directory_can_be_entered(name: bytes) -> None:
    cwd = b"/srv/" + name
    _name, settings = one(process(cwd=show(cwd), argv=["/opt/tool"], exe="/opt/tool", venv=show(cwd)))
    if "WorkingDirectory" in settings:
        assert settings["WorkingDirectory"][0].replace("%%", "%").encode() == cwd
    else:
        assert command(settings["ExecStart"][0])[:2] == [b"/usr/bin/env", b"--chdir=" + cwd]
    assert words(settings["Environment"][0])[0].replace(b"%%", b"%") == b"VIRTUAL_ENV=" + cwd


@given(st.text(max_size=300))
def test_names_and_comments_stay_on_their_line(text: str) -> None:
    assert "\n" not in unit_words.comment(text) and not unit_words.comment(text).endswith("\\")
    name = unit_words.unit_name(text)
    assert name.endswith(".service") and "/" not in name and len(name) < 256 and not name.startswith((".", "-"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze on this machine")
def test_systemd_takes_hostile_units(tmp_path: Path) -> None:
    argv = ["/bin/true", *[show(word) for word in HOSTILE], MARK]
    for number, cwd in enumerate(["/tmp", "/tmp/a b%c", "/tmp/\nx", "/tmp/back\\"]):
        name, _settings = one(process(argv=argv, exe="/bin/true", user="root", cwd=show(cwd), venv=show(cwd)))
        (proposal,) = units(worker(process(argv=argv, exe="/bin/true", user="root", cwd=show(cwd), venv=show(cwd))))
        unit = tmp_path / f"{number}-{name}"
        unit.write_bytes(proposal.files[name].encode())
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, check=False, timeout=60
        )
        about = [line for line in done.stderr.decode().splitlines() if unit.name in line]
        assert (done.returncode, about) == (0, []), (cwd, done.stderr.decode())
