# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a host sends: an answer that is none makes its section unknown, and nothing else happens."""

from __future__ import annotations

import base64
import json
import typing as t
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import snapshot, trees
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import spec as wire
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.spec import pack, unpack
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import resolve
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import (
    HostUnseen,
    Limits,
    Observation,
    Observer,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.tree_request import TreeRequest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.manifest import WHOLE, narrow, view_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.side import Side
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories
from garbling import places, put

Json = dict[str, t.Any]

_BAD: list[t.Any] = [None, True, -1, 1.5, "", "é", "\ud800", "AAAA", [], [None], [[]], {}, {"a": None}, [["a", 1]]]
_DIRECTORY = ["", "0" * 32, "0" * 16, "", 1, [["a", "f", "644", "0" * 64, 1, 2, "root", "root"]]]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "sub").mkdir(parents=True)
    (folder / "main.py").write_text("one\ntwo\n")
    (folder / "sub" / "same").write_text("same")
    (folder / ".env").write_text("secret")
    return folder


def asked(app: Path) -> tuple[TreeRequest, Json]:
    """Return a request with a reference of another content, and the true answer to it."""
    spec = {**WHOLE, "name": "app", "modes": "exec", "entries": "changed", "owner": False}
    reference = narrow(view_folder(str(app), {}).directories, spec)
    (app / "main.py").write_text("one\n")
    spec.update(forbid=[["*.py", [[r".*\.py$", True]]]], rules=[{"path": "main.py", "pattern": "o"}])
    request = TreeRequest(spec, reference)
    return request, trees.collect({"trees": [request.spec]}, Host(str(app), 60, 2, b"k"))["trees"][0]


def refused(request: TreeRequest, answer: t.Any) -> None:
    with pytest.raises(GarbledAnswer):
        request.read(answer)


def test_every_part_of_an_answer_about_a_tree_is_read_or_refused(app: Path) -> None:
    request, answer = asked(app)
    request.read(answer)
    for at in places(answer):
        for bad in _BAD:
            try:
                view = request.read(put(answer, at, bad))
            except GarbledAnswer:
                continue
            assert isinstance(view.directories, Directories)
    for name in answer:
        if name != "name":
            refused(request, {key: value for key, value in answer.items() if key != name})


def test_every_part_of_a_directory_is_read_or_refused(app: Path) -> None:
    request, answer = asked(app)
    for at in places(_DIRECTORY):
        for bad in [*_BAD, "..\\q", "zz" * 16]:
            line = json.dumps(put(_DIRECTORY, at, bad)).encode("ascii")
            try:
                view = request.read({**answer, "directories": pack(line), "known": pack(b"")})
            except GarbledAnswer:
                continue
            view.directories.dump()
            view.directories.root_digest()


@pytest.mark.parametrize(
    "line",
    [b"{", b"\xff", b"[" * 100_000, b"null", b"[1,2]", json.dumps([_DIRECTORY[0], "0" * 31, *_DIRECTORY[2:]]).encode()],
)
def test_lines_that_are_no_directories_are_refused(app: Path, line: bytes) -> None:
    request, answer = asked(app)
    refused(request, {**answer, "directories": pack(line)})


def test_a_directory_that_is_described_twice_is_refused(app: Path) -> None:
    request, answer = asked(app)
    line = json.dumps(_DIRECTORY).encode()
    refused(request, {**answer, "directories": pack(line + b"\n" + line)})


@pytest.mark.parametrize("name", ["directories", "known", "unchanged"])
def test_packed_data_are_whole_or_refused(app: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request, answer = asked(app)
    packed = pack(b"\0" * 1000)
    for bad in (packed[:-5], packed[:-4], packed[4:], "!" + packed, base64.b64encode(b"plain").decode(), ""):
        refused(request, {**answer, name: bad})
    monkeypatch.setattr(wire, "MAX_UNPACKED", 100)
    bomb = base64.b64encode(zlib.compress(b"\0" * 10_000_000)).decode()
    refused(request, {**answer, name: bomb})
    with pytest.raises(ValueError):
        unpack(bomb)


@pytest.mark.parametrize("name", ["known", "unchanged"])
def test_numbers_of_directories_that_were_not_asked_about_are_refused(app: Path, name: str) -> None:
    request, answer = asked(app)
    size = 12 if name == "known" else 4
    refused(request, {**answer, name: pack(b"\xff" * size)})
    refused(request, {**answer, name: pack(b"\0" * (size - 1))})


class Folder(Side):
    """A folder of this machine as the reference."""

    id = "host-0"

    def __init__(self, app: Path) -> None:
        self._whole = view_folder(str(app), {}, b"k").directories
        self.failing = ""

    def tree(self, name: str, spec: Json) -> Directories:
        if self.failing == "tree":
            raise ReferenceUnavailable("the reference has gone")
        return narrow(self._whole, spec)

    def keyed(self, name: str, spec: Json, paths: t.Sequence[str], key: bytes) -> dict[str, str] | None:
        if self.failing == "keyed":
            raise ReferenceUnavailable("the reference has gone")
        return None

    def details(self, request: Json, commit: str | None = None) -> Json:
        if self.failing == "details":
            raise ReferenceUnavailable("the reference has gone")
        return {"main.py": {"sha256": "0", "lines": 2, "text": "one\ntwo", "reason": ""}}


class Play:
    """One host that is observed, with something between it and the operator."""

    def __init__(self, app: Path, folder: Path) -> None:
        self.side = Folder(app)
        (app / "main.py").write_text("one\n")
        contract = resolve({"drift_root": str(app)}, cwd="/").contract
        context = Context("web1", str(app), Cache(str(folder / "cache")), self.side, b"k")
        self.requests: list[Json] = []
        self.twist: t.Callable[[int, Json], t.Any] = lambda _number, answer: answer
        self._observer = Observer({name: contract[name] for name in ("git", "trees")}, context, Limits(60, 2, 0), self)

    def __call__(self, request: Json) -> t.Any:
        self.requests.append(json.loads(json.dumps(request)))
        return self.twist(len(self.requests), json.loads(json.dumps(snapshot.answer(request))))

    def observe(self) -> Observation:
        return self._observer.observe()


@pytest.fixture
def play(app: Path, tmp_path: Path) -> Play:
    return Play(app, tmp_path)


def test_an_honest_host_is_observed_with_its_diff(play: Play) -> None:
    seen = play.observe()
    tree = seen.sections["trees"]["data"]["trees"][0]
    [difference] = tree["differences"]
    assert (difference["path"], difference["aspects"], difference["host"]["lines"]) == ("main.py", ["content"], 1)
    assert "-two" in difference["diff"]["text"]
    assert [unknown["path"] for unknown in tree["unknown"]] == [".env"]
    assert seen.sections["trees"]["reason"] == ""
    assert [sorted(request["sections"]) for request in play.requests] == [["git", "trees"], ["details"]]


def test_every_part_of_the_first_answer_is_read_or_makes_something_unknown(play: Play) -> None:
    answers: list[Json] = []
    play.twist = lambda _number, answer: answers.append(answer) or answer
    play.observe()
    whole = answers[0]
    for at in places(whole):
        for bad in (None, -1, "\ud800", [[]], {"a": None}):
            play.requests.clear()
            play.twist = lambda number, answer, at=at, bad=bad: put(whole, at, bad) if number == 1 else answer
            try:
                seen = play.observe()
            except HostUnseen as unseen:
                assert unseen.kind == "garbled"
                continue
            json.dumps(seen.sections).encode("ascii")


def test_every_part_of_the_second_answer_is_read_or_noted(play: Play) -> None:
    answers: list[Json] = []
    play.twist = lambda _number, answer: answers.append(answer) or answer
    play.observe()
    for at in places(answers[1]):
        for bad in (None, -1, "\ud800", [[]], {"a": None}):
            play.requests.clear()
            play.twist = lambda number, answer, at=at, bad=bad: put(answers[1], at, bad) if number == 2 else answer
            tree = play.observe().sections["trees"]
            assert tree["outcome"] == "ok"
            assert [difference["path"] for difference in tree["data"]["trees"][0]["differences"]] == ["main.py"]


def test_a_second_answer_that_does_not_come_is_noted_and_the_drift_stays(play: Play) -> None:
    def lost(number: int, answer: Json) -> Json:
        if number == 2:
            raise HostUnseen("unreachable", "the cable was pulled")
        return answer

    play.twist = lost
    section = play.observe().sections["trees"]
    assert section["outcome"] == "ok"
    assert section["reason"] == "the text of differing files could not be read: the cable was pulled"
    assert section["data"]["trees"][0]["differences"][0]["diff"] is None


def test_text_that_is_no_longer_what_was_compared_is_not_shown(play: Play) -> None:
    def changed(number: int, answer: Json) -> Json:
        if number == 2:
            answer["sections"]["details"]["data"]["trees"][0]["files"]["main.py"]["sha256"] = "1" * 64
        return answer

    play.twist = changed
    assert play.observe().sections["trees"]["data"]["trees"][0]["differences"][0]["diff"] is None


def test_without_its_reference_the_host_is_observed_all_the_same(play: Play) -> None:
    play.side.failing = "tree"
    seen = play.observe()
    assert seen.reference_problem == "the reference has gone"
    assert seen.sections["trees"]["outcome"] == "ok"
    assert seen.sections["trees"]["data"]["trees"][0]["reference"] is None


def test_a_reference_that_goes_in_between_makes_its_section_unknown(play: Play) -> None:
    play.side.failing = "keyed"
    sections = play.observe().sections
    assert sections["trees"]["outcome"] == "unknown"
    assert sections["trees"]["reason"] == "it cannot be compared: the reference has gone"
    assert sections["git"]["outcome"] == "ok"


def test_a_reference_that_goes_at_the_end_costs_the_text_alone(play: Play) -> None:
    play.side.failing = "details"
    section = play.observe().sections["trees"]
    assert section["outcome"] == "ok"
    assert section["reason"] == "the text of differing files could not be read: the reference has gone"


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"protocol": 2}, {"protocol": 1, "sections": []}])
def test_what_is_no_answer_at_all_is_garbled(play: Play, answer: t.Any) -> None:
    play.twist = lambda _number, _answer: answer
    with pytest.raises(HostUnseen) as raised:
        play.observe()
    assert raised.value.kind == "garbled"
