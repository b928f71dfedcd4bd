# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals, as journalctl 257 gives them, and logs of containers, as an engine sends them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.logs import streams
from ansible_collections.evenkeel.drift.plugins.module_utils.logs.files import Missing
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from fake_containers import inspected
from fake_engine import HANG, FakeEngine, body, error, frame

# Recorded: journalctl --output=json --output-fields=MESSAGE,PRIORITY; the last in a form that it documents.
JOURNAL = b"""\
{"__CURSOR":"s=3a50;i=223","__SEQNUM_ID":"3a50","MESSAGE":"Started user@0.service - User Manager for UID 0.",\
"__SEQNUM":"547","_BOOT_ID":"6127","PRIORITY":"6","__REALTIME_TIMESTAMP":"1795265353319539","__MONOTONIC_TIMESTAMP":"1"}
{"__CURSOR":"s=3a50;i=225","MESSAGE":"pam_env(sshd:session): Unable to open env file: /etc/default/locale",\
"_BOOT_ID":"6127","__SEQNUM":"549","PRIORITY":"3","__REALTIME_TIMESTAMP":"1795265353333574"}
{"MESSAGE":[65,255,66],"PRIORITY":"4","__REALTIME_TIMESTAMP":"1795265354000000"}
{"MESSAGE":"ERROR x\\nTraceback (most recent call last):\\n  File\\nKeyError: 1","PRIORITY":"6",\
"__REALTIME_TIMESTAMP":"1795265355000000"}
{"__REALTIME_TIMESTAMP":"1795265356000000"}
"""


def host() -> Host:
    """A host whose time begins now: tests of this file may run long after it was imported."""
    return Host("/", 20)


FORBID = [{"name": "pam", "pattern": "^pam_env"}, {"name": "bytes", "pattern": "A.B"}]


@pytest.fixture(name="journal")
def fixture_journal(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """What journalctl says, and what it was asked."""
    said: dict[str, t.Any] = {"out": JOURNAL, "any": JOURNAL, "asked": []}

    def run(argv: t.Sequence[str], _host: Host) -> bytes:
        said["asked"].append(list(argv))
        return bytes(said["any"] if "--lines=1" in argv else said["out"])

    monkeypatch.setattr(streams.command, "run", run)
    monkeypatch.setattr(streams.command, "find", lambda _name: "/usr/bin/journalctl")
    monkeypatch.setattr(streams, "_readable", lambda: None)
    return said


def test_entries_are_lines_with_their_times_and_levels(journal: dict[str, t.Any]) -> None:
    made = streams.read_journal({"journal": "ssh.service", "lines": 100, "forbid": FORBID}, None, host())
    assert (made["read"]["lines"], made["read"]["first"], made["read"]["last"]) == (
        *(8, "2026-11-21T12:49:13Z", "2026-11-21T12:49:16Z"),
    )
    assert made["levels"] == {"ERROR": 2, "WARNING": 1}
    assert made["exceptions"] == {"KeyError": 1}
    assert [hit["count"] for hit in made["forbid"]] == [1, 1]
    assert made["forbid"][1]["samples"][0]["text"] == "A\\xffB"
    (asked,) = journal["asked"]
    assert {"--lines=100", "--unit=ssh.service", "--no-pager", "--all"} <= set(asked)


def test_a_window_of_time_is_asked_for(journal: dict[str, t.Any]) -> None:
    streams.read_journal({"journal": "ssh.service"}, 1795265353.5, host())
    assert "--since=@1795265353.500000" in journal["asked"][0]


def test_a_unit_without_entries_is_missing_only_when_it_never_had_any(journal: dict[str, t.Any]) -> None:
    journal["out"] = b""
    assert streams.read_journal({"journal": "ssh.service"}, 1.0, host())["read"]["lines"] == 0
    journal["any"] = b""
    with pytest.raises(Missing, match=r"no entry of ssh\.service"):
        streams.read_journal({"journal": "ssh.service"}, 1.0, host())


@pytest.mark.parametrize(
    "said", [b"-- No entries --\n", b'{"MESSAGE":"x"}\n', b"[]\n", b'{"__REALTIME_TIMESTAMP":"x"}\n']
)
def test_what_is_no_journal_is_unseen(journal: dict[str, t.Any], said: bytes) -> None:
    journal["out"] = said
    with pytest.raises(Unseen, match="something else than entries"):
        streams.read_journal({"journal": "ssh.service", "lines": 5}, None, host())


def test_a_message_that_was_left_out_is_no_empty_one(journal: dict[str, t.Any]) -> None:
    journal["out"] = JOURNAL + b'{"MESSAGE":null,"PRIORITY":"6","__REALTIME_TIMESTAMP":"1795265357000000"}\n'
    with pytest.raises(Unseen, match="left out the text of an entry"):
        streams.read_journal({"journal": "ssh.service", "lines": 100, "forbid": FORBID}, None, host())


def test_more_entries_than_are_read_are_a_part_that_was_not(
    journal: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "ENTRIES", 8)
    made = streams.read_journal({"journal": "ssh.service"}, 1.0, host())
    assert not made["read"]["complete"]
    assert "--lines=8" in journal["asked"][0]


def test_a_host_without_a_journal_is_unseen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(streams.command, "find", lambda _name: None)
    with pytest.raises(Unseen, match="no journalctl"):
        streams.read_journal({"journal": "x", "lines": 5}, None, host())
    monkeypatch.setattr(streams.command, "find", lambda _name: "/usr/bin/journalctl")
    monkeypatch.setattr(streams, "_PLACES", (str(tmp_path),))
    with pytest.raises(Unseen, match="no journal"):
        streams.read_journal({"journal": "x", "lines": 5}, None, host())


LOG = b"".join(
    frame(stream, b"2026-11-21T10:00:0%d.123456789Z %s\n" % (second, text))
    for second, (stream, text) in enumerate(
        [
            (1, b"INFO cycle complete"),
            (2, b"ERROR boom"),
            (2, b"Traceback (most recent call last):"),
            (2, b"  File"),
            (2, b"KeyError: 1"),
            (1, b"INFO cycle complete"),
        ]
    )
)


def container(engine: FakeEngine, log: object, name: str = "web", **more: t.Any) -> dict[str, t.Any]:
    engine.answers[f"/containers/{name}/json"] = inspected(name)
    engine.answers[f"/containers/{name}/logs"] = log
    spec = {"container": name, "socket": engine.socket, "lines": 100, "forbid": [], **more}
    return streams.read_container(spec, None, Host("/", 5))


def test_lines_of_a_container_have_the_times_of_its_engine() -> None:
    with FakeEngine() as engine:
        made = container(engine, body(LOG), intervals=[{"name": "c", "pattern": "^INFO cycle"}])
    assert (made["levels"], made["exceptions"]) == ({"ERROR": 1}, {"KeyError": 1})
    assert made["intervals"][0]["max_s"] == 5.0
    assert (made["read"]["first"], made["read"]["lines"]) == ("2026-11-21T10:00:00Z", 6)


def test_a_container_that_the_engine_does_not_know_is_missing() -> None:
    with FakeEngine() as engine:
        engine.answers["/containers/web/json"] = error(404, "No such container: web")
        spec = {"container": "web", "socket": engine.socket, "lines": 100}
        with pytest.raises(Missing, match="no container web"):
            streams.read_container(spec, None, host())


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (error(500, "configured logging driver does not support reading"), "does not support reading"),
        (HANG, "socket|time|answer"),
    ],
)
def test_a_log_that_the_engine_does_not_give_is_unseen(log: object, reason: str) -> None:
    with FakeEngine() as engine, pytest.raises(Unseen, match=reason):
        container(engine, log)


def test_a_log_that_breaks_off_is_a_part_of_which_the_rest_is_not_known() -> None:
    with FakeEngine() as engine:
        made = container(engine, body(LOG[:-5]))
    assert (made["read"]["complete"], made["levels"]) == (False, {"ERROR": 1})
    assert "breaks off" in made["read"]["reason"]


def test_a_log_that_is_larger_than_what_is_read_is_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_LIMIT", 200)
    with FakeEngine() as engine:
        made = container(engine, body(LOG))
    assert not made["read"]["complete"]
    assert made["levels"] == {"ERROR": 1}


def test_an_answer_that_is_no_container_is_unseen() -> None:
    with FakeEngine() as engine:
        engine.answers["/containers/web/json"] = json.loads("[]")
        with pytest.raises(Unseen, match="answer about web"):
            streams.read_container({"container": "web", "socket": engine.socket, "lines": 5}, None, host())
