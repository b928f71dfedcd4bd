# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host knows the secrets of its configurations before it answers, and stumbles over none of them."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import registry, snapshot
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.known import learn_secrets
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.trees.workers import Channel, run_forked

VALUE, OTHER = "Zr7-kQ_2xVb9", "tr0ub4dor-and-3"


def learned(root: Path, **spec: t.Any) -> set[str]:
    host = Host(str(root), 60, workers=2)
    learn_secrets(spec, host)
    return host.learned


def test_what_lies_at_the_root_is_known(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DB_PASSWORD='{VALUE}'\nLEVEL=info\nURL=postgres://app:{OTHER}@db/app\n")
    (tmp_path / "main.py").write_text("TOKEN = 'not-a-file-of-secrets-9'\n")
    assert learned(tmp_path) == {VALUE, OTHER}


def test_what_the_contract_names_is_known(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(f"db:\n  password: {VALUE}\n  host: db\n")
    (tmp_path / "plain.ini").write_text(f"[a]\nname = {OTHER}\n")
    configs = [{"kind": "path", "path": "app.yaml", "format": "auto", "secret": None}]
    configs += [{"kind": "path", "path": "plain.ini", "format": "ini", "secret": True}]
    assert learned(tmp_path, configs=configs) == {VALUE, OTHER}


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".env")
    (tmp_path / ".env.d").mkdir()
    (tmp_path / ".env.gone").symlink_to("nowhere")
    (tmp_path / ".env.odd").write_bytes(b"\0\xff=\n" * 100)
    (tmp_path / "id_deploy").write_text("a key has no keys\n")
    (tmp_path / ".env.good").write_text(f"API_TOKEN={VALUE}\n")
    configs: list[dict[str, t.Any]] = [{"kind": "container", "container": "web"}, {"kind": "path", "path": "x"}]
    assert learned(tmp_path, configs=configs, socket=str(tmp_path / "no.sock")) == {VALUE}
    assert learned(tmp_path / "no such root") == set()


def test_a_worker_s_knowledge_reaches_the_host() -> None:
    host = Host("/", 60, workers=1)

    def work(_channel: Channel) -> None:
        host.share(1).learn([VALUE])

    assert run_forked([work], host, lambda _kind, _payload: None) == []
    assert host.learned == {VALUE}


def test_a_host_remembers_a_bounded_number() -> None:
    host = Host("/", 60)
    host.learn(str(number) for number in range(10 * Host.MOST_LEARNED))
    assert len(host.learned) == Host.MOST_LEARNED


def test_no_section_shows_what_another_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(f"DB_PASSWORD={VALUE}\n")
    found = {"text": f"login with {VALUE}", VALUE: [f"{VALUE}!"]}
    monkeypatch.setattr(snapshot, "collector", lambda _name: lambda _spec, _host: found)
    monkeypatch.setattr(snapshot.os, "nice", lambda _by: 0)
    assert "ports" in registry.SECTIONS
    request = {"root": str(tmp_path), "timeout_s": 60, "key": "00" * 32, "sections": {"ports": {}}}
    answer = snapshot.answer(request)
    assert answer["sections"]["ports"]["data"] == {"text": f"login with {MARK}", MARK: [f"{MARK}!"]}
    assert len(answer["learned"]) == 1 and len(answer["learned"][0]) == 64


def test_what_is_declared_public_is_not_learned(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"API_TOKEN={VALUE}\nDB_PASSWORD={OTHER}\n")
    host = Host(str(tmp_path), 10)
    host.public.add(VALUE)
    learn_secrets({}, host)
    assert host.learned == {OTHER}


def test_a_request_says_what_is_public(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"API_TOKEN={VALUE}\n")
    request = {"root": str(tmp_path), "timeout_s": 20, "key": "00" * 32, "sections": {}}
    assert len(snapshot.answer(request)["learned"]) == 1
    assert snapshot.answer({**request, "public": [f" {VALUE} "]})["learned"] == []
