# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rescue takes out of containers: files of their layers, settings that no file has; and what stays there."""

from __future__ import annotations

import io
import json
import tarfile
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import layers as collector
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.compose import collect
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.compose import SHAPE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import Problems
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import GarbledAnswer
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import compose
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_settings import compare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan.container_known import Rescued
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue import containers, host, kept, layers, overrides
from ansible_collections.evenkeel.drift.plugins.plugin_utils.rescue.commit import Work
from fake_compose import SECRET, container, project, serve
from fake_containers import hexed, inspected
from fake_engine import FakeEngine, body, error

Json = dict[str, t.Any]
ID = hexed("web")
MTIME = "2023-11-14T22:13:20Z"
TOKEN = "zu9KqT4vXw2p"


@pytest.fixture(name="engine")
def fixture_engine() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


def packed(content: bytes, **more: t.Any) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        info = tarfile.TarInfo("anything")
        info.size, info.mtime = len(content), 1_700_000_000
        for key, value in more.items():
            setattr(info, key, value)
        tar.addfile(info, io.BytesIO(content))
    return made.getvalue()


def change(path: str, size: int | None = 3, **more: t.Any) -> Json:
    return {"path": path, "kind": "added", "type": "file", "size": size, "mtime": MTIME, **more}


def evidence(engine: FakeEngine, *changed: Json, total: int | None = None) -> Json:
    layer = {"changed": list(changed), "total": len(changed) if total is None else total, "ignored": 0}
    return {"containers": [{"id": ID, "name": "shop-web-1", "layer": layer}], "engine": {"socket": engine.socket}}


def serving(engine: FakeEngine, files: t.Mapping[str, t.Any]) -> None:
    """Have the engine hold files in the layer of one container."""
    engine.answers[f"/containers/{ID}/json"] = inspected("web", Config={"Env": [f"API_TOKEN={TOKEN}"]})
    engine.answers[f"/containers/{ID}/changes"] = [{"Path": path, "Kind": 1} for path in files]
    for path, data in files.items():
        answer = data if not isinstance(data, bytes) else body(data)
        engine.answers[f"/containers/{ID}/archive?path={path.replace('/', '%2F')}"] = answer
        engine.answers[f"/containers/{ID}/archive?path={path}"] = answer


def rescued(
    engine: FakeEngine, data: Json, rule: t.Any = None, allowed: t.Sequence[str] = (), most: int = 1 << 20
) -> containers.Inside:
    seen = containers.Seen(data, {}, {"containers": {"no_layer_changes": rule}}, [], allowed)
    spec = {**containers.asked(seen), "secret": [], "max_bytes": most}
    answer = (
        json.loads(json.dumps(collector.collect(spec, Host("/", 20)))) if spec["containers"] else {"containers": []}
    )
    assert TOKEN not in json.dumps(answer)
    return containers.inside(seen, answer)


def test_a_file_of_a_layer_is_taken_byte_for_byte(engine: FakeEngine) -> None:
    serving(engine, {"/app/hot.py": packed(b"hi\n", mode=0o755), "/app/l": packed(b"", type=b"2", linkname="hot.py")})
    made = rescued(engine, evidence(engine, change("/app/hot.py"), change("/app/l", None, type="link")))
    assert made.works == [
        Work("rescued-containers/shop-web-1/app/hot.py", "100755", b"hi\n"),
        Work("rescued-containers/shop-web-1/app/l", "120000", b"hot.py"),
    ]
    assert made.lost == []
    saved = [{"path": path, "size": size, "mtime": MTIME} for path, size in (("/app/hot.py", 3), ("/app/l", None))]
    assert made.kept == [{"id": ID, "files": saved, "settings": []}]
    assert engine.methods == {"GET"}


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/app/.env", packed(b"A=1\n"), "a file of a secret class"),
        ("/app/key.pem", packed(b"x"), "a file of a secret class"),
        ("/app/conf.py", packed(b"password = 'Sup3rS3cretValue9'\n"), "line 1 looks as if it held a secret"),
        ("/app/conf.py", packed(f"x = {TOKEN}\n".encode()), "it holds a secret that is in use on this host"),
        ("/app/hot.py", packed(b"longer\n"), "it changed after the audit"),
        ("/app/hot.py", packed(b"hi\n", mtime=1_700_000_009), "it changed after the audit"),
        ("/app/hot.py", packed(b"", type=b"5"), "it is a directory"),
        ("/app/hot.py", packed(b"", type=b"6"), "it is a FIFO"),
        ("/app/hot.py", packed(b"", type=b"1", linkname="/etc/shadow"), "a file with other names"),
        ("/app/hot.py", packed(b"", type=b"2", linkname="https://u:Sup3rS3cret9@x"), "its target looks like a secret"),
        ("/app/hot.py", packed(b"x" * (3 << 20)), "more than"),
        ("/app/hot.py", b"no archive", "it breaks off"),
        ("/app/.git/config", packed(b"hi\n"), "git keeps nothing of this name"),
        ("/app/hot.py", error(500, "no"), "with the error 500"),
    ],
)
def test_what_is_not_taken_is_named(path: str, answer: t.Any, reason: str, engine: FakeEngine) -> None:
    serving(engine, {path: answer})
    made = rescued(engine, evidence(engine, change(path, None if "conf" in path else 3)))
    assert (made.works, made.kept) == ([], [])
    ((lost),) = made.lost
    assert lost["path"] == f"rescued-containers/shop-web-1{path}"
    assert reason in lost["reason"]


def test_a_name_with_a_backslash_is_a_name(engine: FakeEngine) -> None:
    names = ["/app/C:\\x\\y.txt", "/app/\\xff", "/app/a\\GIT~1. "]
    serving(engine, dict.fromkeys(names, packed(b"hi\n")))
    made = rescued(engine, evidence(engine, *map(change, names)))
    folder = b"rescued-containers/shop-web-1"
    assert [raw(work.path) for work in made.works] == [folder + name.encode() for name in names[:2]]
    assert [raw(lost["path"]) for lost in made.lost] == [folder + names[2].encode()]


def test_a_file_that_somebody_has_looked_at_is_taken(engine: FakeEngine) -> None:
    serving(engine, {"/app/conf.py": packed(b"password = 'Sup3rS3cretValue9'\n")})
    allowed = ["rescued-containers/shop-web-1/app/conf.py"]
    made = rescued(engine, evidence(engine, change("/app/conf.py", 31)), allowed=allowed)
    assert [work.path for work in made.works] == allowed


def test_a_file_that_is_gone_or_a_container_that_is_gone_is_named(engine: FakeEngine) -> None:
    made = rescued(engine, evidence(engine, change("/app/hot.py")))
    assert [one["reason"] for one in made.lost] == ["it is not there any more, or as in the image"]


def test_an_engine_that_does_not_answer_is_told_for_each_file(engine: FakeEngine) -> None:
    seen = containers.Seen(evidence(engine, change("/app/a"), change("/app/b")), {}, {}, [], [])
    made = containers.inside(seen, containers.unanswered(containers.asked(seen), "nobody listens"))
    assert (made.works, made.kept) == ([], [])
    assert [one["reason"] for one in made.lost] == ["nobody listens"] * 2


def test_only_so_much_is_taken_together(engine: FakeEngine) -> None:
    files = {f"/app/{number}": packed(b"x" * 1000) for number in range(5)}
    serving(engine, files)
    made = rescued(engine, evidence(engine, *(change(path, 1000) for path in files)), most=2500)
    assert (len(made.works), len(made.lost)) == (2, 3)


@pytest.mark.parametrize(
    ("rule", "count"), [(None, 1), (True, 1), (False, 0), (["/app/"], 1), (["/etc/"], 0), (["*", "!hot.py"], 0)]
)
def test_the_contract_says_what_counts(rule: t.Any, count: int, engine: FakeEngine) -> None:
    serving(engine, {"/app/hot.py": packed(b"hi\n")})
    assert len(rescued(engine, evidence(engine, change("/app/hot.py")), rule).works) == count


def test_more_files_than_are_named_and_deleted_ones(engine: FakeEngine) -> None:
    data = evidence(engine, change("/app/hot.py", kind="deleted"), total=300)
    made = rescued(engine, data)
    assert made.works == []
    assert "299 more files changed in it" in made.lost[0]["reason"]


@pytest.mark.parametrize("name", ["web", "../x", "a b", "web (0123)", ".", "..", "-", "\u00e9", "/"])
def test_no_name_of_a_container_leads_out_of_its_folder(name: str) -> None:
    for path in ("/a", "/../../b", "//c", "/d/../../../e", ""):
        parts = layers.place(name, path).split("/")
        assert parts[0] == layers.FOLDER
        assert not {"", ".", ".."} & set(parts), parts


@pytest.mark.parametrize(
    "answer", [None, {}, {"containers": [{"id": 1}]}, {"containers": [{"id": ID, "files": {"a": {}}}]}]
)
def test_a_garbled_answer_is_told_as_such(answer: t.Any) -> None:
    with pytest.raises(GarbledAnswer):
        layers.works([{"id": ID, "name": "web", "changed": [change("a")]}], answer)


def observed(folder: Path, engine: FakeEngine) -> tuple[Json, list[Json]]:
    problems = Problems()
    contract = SHAPE.read([{"project": "shop"}], "compose", problems)
    problems.raise_any()
    spec = {**contract[0], "socket": engine.socket, "reference": False}
    data = collect({"projects": [spec]}, Host(str(folder), 20, key=b"key"))
    data["projects"][0]["reference"] = None
    judged = compose.judge(contract, data, Context("prod", "web1"))
    return data, [one.as_dict() for one in judged.checks if one.is_finding]


BY_HAND: list[tuple[str, Json]] = [
    ("command", {"Config": {"Cmd": ["serve", "--port", "9999", "it's $HOME: #no"]}}),
    ("entrypoint", {"Config": {"Entrypoint": ["/other"]}}),
    ("user", {"Config": {"User": "1000:1000"}}),
    ("image", {"Config": {"Image": "shop/app:2"}}),
    ("working_dir", {"Config": {"WorkingDir": "/tmp"}}),
    ("ports", {"HostConfig": {"PortBindings": {"8001/udp": [{"HostIp": "::1", "HostPort": "18001"}]}}}),
    ("ports", {"HostConfig": {"PortBindings": None}}),
    ("restart", {"HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}}),
    ("memory", {"HostConfig": {"Memory": 1 << 20}}),
    ("cpus", {"HostConfig": {"NanoCpus": 5 * 10**8}}),
    ("pids", {"HostConfig": {"PidsLimit": 7}}),
    ("privileged", {"HostConfig": {"Privileged": True}}),
    ("cap_add", {"HostConfig": {"CapAdd": ["CAP_NET_ADMIN"]}}),
    ("labels.team", {"Config": {"Labels": {"team": 'red: "$1"'}}}),
    ("healthcheck.interval", {"Config": {"Healthcheck": {"Interval": 10**9}}}),
    ("healthcheck.test", {"Config": {"Healthcheck": {"Test": ["CMD", "true"]}}}),
]


@pytest.mark.parametrize(("key", "changed"), BY_HAND)
def test_a_setting_that_only_the_container_has_is_kept_as_an_override(
    key: str, changed: Json, engine: FakeEngine, tmp_path: Path
) -> None:
    project(tmp_path)
    serve(engine, container("market-data", tmp_path, **changed), container("bot", tmp_path))
    data, findings = observed(tmp_path, engine)
    (made,), lost = overrides.overrides(data, findings)
    assert (made.keys, made.container, lost) == ([key], hexed("market-data"), [])
    assert made.work.path == "rescued-containers/shop-market-data-1/compose.override.yaml"
    # The oracle: laid over the Compose file, it declares what runs.
    (tmp_path / "compose.override.yaml").write_bytes(made.work.content)
    seen = observed(tmp_path, engine)[0]["projects"][0]
    service = next(one for one in seen["model"]["services"] if one["name"] == "market-data")
    running = next(one for one in seen["containers"]["items"] if one["service"] == "market-data")
    assert seen["model"]["broken"] == []
    assert compare(service, running).differences == []


def test_a_variable_is_kept_by_its_name_alone(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    more = ["MODE=paper", f"DB_PASSWORD={SECRET}", "PATH=/bin", "LANG=C", "EXTRA=unheard-of"]
    serve(engine, container("market-data", tmp_path, Config={"Env": more}), container("bot", tmp_path))
    (made,), lost = overrides.overrides(*observed(tmp_path, engine))
    text = made.work.content.decode()
    # Nothing saves their values: a container that has them is not made anew.
    assert made.keys == []
    path = "rescued-containers/shop-market-data-1/compose.override.yaml"
    assert [one["path"] for one in lost] == [f"{path}: environment.EXTRA", f"{path}: environment.MODE"]
    assert all("its value is in the container alone" in one["reason"] for one in lost)
    assert '"EXTRA": "${EXTRA}"' in text
    assert not [value for value in (SECRET, "paper", "unheard-of") if value in text]


def test_a_setting_that_is_a_secret_is_named_and_left(engine: FakeEngine, tmp_path: Path) -> None:
    project(tmp_path)
    changed = {"Config": {"Cmd": ["serve", "--password", "Sup3rS3cretValue9"]}}
    serve(engine, container("market-data", tmp_path, **changed), container("bot", tmp_path))
    made, lost = overrides.overrides(*observed(tmp_path, engine))
    assert made == []
    assert "command" in lost[0]["path"]
    assert MARK not in lost[0]["path"]


def test_what_a_rescue_holds_of_containers_is_read_back(tmp_path: Path) -> None:
    part = {"host": "web1", "environment": "prod", "application": "shop", "root": "/srv/shop"}
    about = [{"id": ID, "files": [{"path": "/app/hot.py", "size": 3, "mtime": MTIME}], "settings": ["command"]}]
    folder = host.keep(str(tmp_path), part, {"repo": "/nowhere", "commit": "0" * 40}, "0" * 40, [], [], about)
    found = kept.rescued_containers(str(tmp_path), "shop")
    assert found == Rescued(frozenset({(ID, "/app/hot.py", 3, MTIME)}), frozenset({(ID, "command")}))
    assert kept.rescued_containers(str(tmp_path), "other") == Rescued()
    with open(folder.join("rescue.json"), "a", encoding="utf-8") as file:
        file.write(" ")
    assert kept.rescued_containers(str(tmp_path), "shop") == Rescued()
