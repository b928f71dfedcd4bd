# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Code that a host has kept is run when it is what the control node names, and only then."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import typing as t
import zlib
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.action.snapshot_info import ActionModule
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import bundle, kept
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.kept import MISSING, RECOVERED, Kept
from pythons import PYTHONS

Json = dict[str, t.Any]

_SECTIONS = ("git", "trees")


class Host:
    """A host that has kept all that an audit of two sections needs."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "app"
        self.root.mkdir()
        self.code = folder / "it's \u00fcber" / "code"
        self.code.mkdir(parents=True)
        for pack in bundle._observing(_SECTIONS):
            self.place(pack).write_bytes(base64.b64decode(pack))
            self.place(pack).chmod(0o600)
        self.kept = Kept(str(self.code), frozenset(path.name for path in self.code.iterdir()))

    def place(self, pack: str) -> Path:
        return self.code / f"{bundle._version()}-{kept.digest(pack)}"

    def request(self) -> Json:
        about = {"protocol": 1, "root": str(self.root), "timeout_s": 60, "workers": 1, "nice": 0, "key": None}
        return {**about, "sections": {"trees": {"trees": [{"name": "app"}]}, "git": {"path": "."}}}

    def ask(self, python: str = sys.executable, edit: t.Callable[[bytes], bytes] = bytes) -> Json:
        script = edit(bundle.script(self.request(), self.kept))
        done = subprocess.run([python], input=script, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr
        return t.cast(Json, json.loads(done.stdout))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize("python", PYTHONS)
def test_kept_code_answers_as_sent_code_does_with_a_tenth_of_the_bytes(python: str, host: Host) -> None:
    whole, short = (bundle.script(host.request(), one) for one in (None, host.kept))
    assert len(short) * 10 < len(whole)
    sections = host.ask(python)["answer"]["sections"]
    assert {name: one["outcome"] for name, one in sections.items()} == {"git": "ok", "trees": "ok"}


def test_an_audit_that_uses_kept_code_does_not_even_move_when_it_was_read(host: Host) -> None:
    packs = sorted(host.code.iterdir())
    for path in packs:
        os.utime(path, ns=(1, path.stat().st_mtime_ns))
    assert "answer" in host.ask()
    assert [path.stat().st_atime_ns for path in packs] == [1] * len(packs)


def test_an_audit_outside_of_a_deploy_is_as_it_was(host: Host) -> None:
    """Nor does it name a place on the host, or hold the code that looks there."""
    whole = bundle.script(host.request())
    assert b"FOLDER" not in whole
    assert b"os.open" not in whole
    assert bundle.script(host.request(), host.kept._replace(names=frozenset())) == whole


def test_what_is_not_kept_is_sent_with_it(host: Host) -> None:
    some = host.kept._replace(names=frozenset(sorted(host.kept.names)[::2]))
    host.kept = some
    assert host.ask()["answer"]["sections"]["git"]["outcome"] == "ok"


def test_code_of_another_version_is_not_named(host: Host) -> None:
    other = Kept(str(host.code), frozenset("0" * 16 + name[16:] for name in host.kept.names))
    assert bundle.script(host.request(), other) == bundle.script(host.request())


def _tampered(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _linked(path: Path) -> None:
    path.rename(path.with_name("there"))
    path.symlink_to("there")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _somebody_elses(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away on this machine")
    os.chown(path, 12345, 12345)


def _open_to_others(path: Path) -> None:
    path.chmod(0o640)


def _larger(path: Path) -> None:
    with path.open("ab") as file:
        file.truncate(1 << 33)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    "spoil",
    [Path.unlink, _tampered, _half, _linked, _folder, _pipe, _somebody_elses, _open_to_others, _larger],
    ids=lambda spoil: str(spoil.__name__).strip("_"),
)
def test_anything_else_in_its_place_is_not_there(python: str, spoil: t.Callable[[Path], None], host: Host) -> None:
    # Kept is also what other requests need, and this one does not look at.
    asked = bundle.script(host.request(), host.kept).decode("ascii")
    needed = sorted(name for name in host.kept.names if name in asked)
    for name in (needed[0], needed[-1]):
        spoil(host.code / name)
        assert host.ask(python) == {"changed": False, MISSING: True}


def _hijack(host: Host) -> None:
    """Put a pack in the place of the collector of trees that unpacks, and holds other code."""
    first, *others = bundle._observing(_SECTIONS)
    known = zlib.decompress(base64.b64decode(first))[-bundle.WINDOW :]
    for pack in others:
        modules = json.loads(zlib.decompressobj(zdict=known).decompress(base64.b64decode(pack)))
        name = next((name for name in modules if name.endswith(".observe.trees")), None)
        if name is not None:
            modules[name] = "raise SystemExit('hijacked')"
            host.place(pack).write_bytes(base64.b64decode(bundle.packed(modules)))


def test_the_broken_twin_of_that_runs_what_is_there(host: Host) -> None:
    _hijack(host)
    assert host.ask() == {"changed": False, MISSING: True}
    twin = bundle.script(host.request(), host.kept).replace(b"        raise OSError\n", b"        pass\n")
    done = subprocess.run([sys.executable], input=twin, capture_output=True, check=False)
    assert b"hijacked" in done.stderr


_FOUND: Json = {"folder": "/var/lib/evenkeel/app/code", "names": [f"{'0' * 16}-{'1' * 64}"]}


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {**_FOUND, "folder": None},
        {**_FOUND, "folder": "code"},
        {**_FOUND, "names": None},
        {**_FOUND, "names": {"a": 1}},
    ],
)
def test_an_answer_of_another_shape_is_no_kept_code(told: t.Any) -> None:
    assert kept.read(told) is None
    assert kept.of({RECOVERED: {"code": told}}) is None
    assert kept.of({RECOVERED: told}) is None


def test_names_of_another_shape_are_not_taken() -> None:
    odd = [None, 1, "../../../etc/shadow", f"{'0' * 16}-{'1' * 64}\n", f"{'0' * 16}-{'1' * 63}/"]
    assert kept.read({**_FOUND, "names": [*_FOUND["names"], *odd]}) == Kept(
        _FOUND["folder"], frozenset(_FOUND["names"])
    )


def test_what_is_known_after_the_change_counts_before_what_was_known_before_it() -> None:
    after = {**_FOUND, "names": []}
    assert kept.of({RECOVERED: {"code": _FOUND}}) == kept.read(_FOUND)
    assert kept.of({RECOVERED: {"code": _FOUND}, kept.CHANGED: {"code": after}}) == kept.read(after)
    assert kept.of({RECOVERED: {"code": _FOUND}, kept.CHANGED: {"skipped": True}}) == kept.read(_FOUND)
    assert kept.of({}) is None


def test_where_it_is_not_there_any_more_the_code_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """And there is a place to keep it in, with nothing in it."""
    asked: list[bytes] = []
    action = ActionModule.__new__(ActionModule)

    def run(_module: str, script: bytes, _variables: Json) -> Json:
        asked.append(script)
        return {"answer": 1} if len(asked) > 1 else {"changed": False, MISSING: True}

    monkeypatch.setattr(action, "run_script", run, raising=False)
    variables = {RECOVERED: {"code": _FOUND}}
    made = action.run_kept("module", lambda known: repr(known and sorted(known.names)).encode(), variables)
    assert made == {"answer": 1}
    assert asked == [repr(_FOUND["names"]).encode(), b"[]"]
    asked.clear()
    assert MISSING in action.run_kept("module", lambda known: repr(known).encode(), {})
    assert asked == [b"None"]


_CHANGE: Json = {"apply": {"what": "apply", "operations": [], "services": []}, "save": None}


def test_a_change_keeps_its_code_and_that_of_the_audit_after_it(tmp_path: Path) -> None:
    none = Kept(str(tmp_path), frozenset())
    known = bundle.kept_after(_CHANGE, none, _SECTIONS)
    assert {name[-64:] for name in known.names} >= {kept.digest(pack) for pack in bundle._observing(_SECTIONS)}
    first, second = (bundle.together_script(_CHANGE, one, _SECTIONS) for one in (none, known))
    assert len(second) * 10 < len(first)
    assert b"keeping" not in bundle.together_script(_CHANGE).split(b"import sys")[-1]
