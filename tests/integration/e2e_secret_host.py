# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with secrets in every place that a collector reads, and the contract that has all of them read."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sys
import time
import typing as t
import uuid
from collections.abc import Iterator
from pathlib import Path

from e2e_canaries import Canaries
from e2e_project import Repository, git, write
from e2e_redis import Client, installed, redis_server, running
from endpoint_server import answer, answering
from fake_containers import inspected, serve
from fake_engine import FakeEngine
from secret_kinds import ENCODINGS

Json = dict[str, t.Any]

# A line of .pgpass is one from its first column alone: it has no name beside the password.
_WHOLE = ("pgpass",)
_OF_WORDS = ("option =", "option space", "mysql", "sshpass", "curl", "redis-cli", "mosquitto")
_REF_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9]")
_FORMS = ("plain", "base64", "base64 after one byte", "base64 after two bytes", "hex", "url", "reversed", "upper case")
_PART = 12


class SecretHost(t.NamedTuple):
    """The host, the repository of its reference, what is asked, and the values that .env and remotes have."""

    root: Path
    repository: Path
    contract: Json
    mark: str
    known: list[str]
    engine: str
    endpoint: str


@contextlib.contextmanager
def secret_host(folder: Path, canaries: Canaries) -> Iterator[SecretHost]:
    """Make the host and run what runs on it until the end of the block."""
    with contextlib.ExitStack() as stack:
        known = canaries.values(".env", 40)
        engine = stack.enter_context(FakeEngine())
        in_file = list(known)
        repository, root = _tree(folder, canaries, known)
        _env_file(root, in_file)
        mark = f"drift-{uuid.uuid4().hex[:12]}"
        _processes(stack, canaries, mark)
        containers = _containers(engine, canaries, known)
        server = stack.enter_context(answering(_answers(canaries)))
        contract: Json = {
            "git": {},
            "trees": [{"name": "source"}],
            "processes": [{"name": "planted", "match": mark, "instances": 1}],
            "ports": [{"port": 1, "closed": True}],
            "containers": {"socket": engine.socket, "expected": [{"name": name} for name in containers]},
            "compose": _compose(root, engine, canaries),
            "packages": _packages(root, canaries),
            "endpoints": _endpoints(root, server.url, canaries),
            "logs": _logs(root, canaries, known),
            "commands": _commands(root, canaries, known),
            "configs": _configs(root, canaries),
            "resources": {},
        }
        if installed("redis-server"):
            contract["streams"] = [_stream(stack, root, canaries)]
        yield SecretHost(root, repository, contract, mark, known, engine.socket, server.url)


def _tree(folder: Path, canaries: Canaries, known: list[str]) -> tuple[Path, Path]:
    reference = Repository(folder / "reference")
    # A token is committed at times: it stands in the reference's own text.
    reference.commit(
        "First",
        {
            ".gitignore": ".env\nlogs/\n*.out\n",
            "src/settings.py": "\n".join(canaries.texts("reference file")),
            # One that is in use, without a name or a shape: only what the host knows tells what it is.
            "src/connect.py": f"connect({known[2]!r})\n",
            "src/main.py": "one = 1\n",
            "config/credentials.json": json.dumps({"key": canaries.values("reference credentials", 1)[0]}),
        },
    )
    root = reference.deploy(folder / "root")
    for subject in canaries.texts("commit subject", lines=True)[::5]:
        reference.commit(subject, {"src/main.py": f"{subject}\n"})
    write(root, {"src/settings.py": "\n".join(canaries.texts("host file"))})
    write(root, {"src/connect.py": f"connect({known[3]!r}, {known[4][::-1]!r})\n"})
    write(root, {"config/credentials.json": json.dumps({"key": canaries.values("host credentials", 1)[0]})})
    write(root, {f"src/{name}.py": "x\n" for name in _names(canaries, "file name")})
    for name in _names(canaries, "branch name"):
        git(root, "branch", f"fix-{name}")
    # What an address says is known in other places, too.
    known += canaries.values("remote", 8)
    for number, value in enumerate(known[-8:]):
        git(root, "remote", "add", f"r{number}", f"https://oauth2:{value}@example.org/app.git")
    return reference.path, root


def _names(canaries: Canaries, place: str) -> list[str]:
    return [text for text in canaries.texts(place, lines=True) if _REF_NAME.fullmatch(text) and ".." not in text]


def _env_file(root: Path, known: list[str]) -> None:
    write(root, {".env": "".join(f"SERVICE_{number}_TOKEN={value}\n" for number, value in enumerate(known))})


def _processes(stack: contextlib.ExitStack, canaries: Canaries, mark: str) -> None:
    code = "import sys; sys.stdin.read()"
    lines = canaries.texts("argv", lines=True)
    environment = {f"P{n}_TOKEN": value for n, value in enumerate(canaries.values("process environment", 30))}
    for at in range(0, len(lines), _PART):
        argv = [sys.executable, "-c", code, mark, *lines[at : at + _PART]]
        stack.enter_context(running(argv, env=environment))
    for text in canaries.texts("argv words", only=_OF_WORDS):
        words = text.split(" ")
        # The shell reads nothing but what stands before the words, and waits.
        argv = [words[0], "-c", "read line", mark, *words[1:]]
        stack.enter_context(running(argv, executable="/bin/sh", env=environment))


def _containers(engine: FakeEngine, canaries: Canaries, known: list[str]) -> list[str]:
    own = canaries.values("container environment", 30)
    log = [f"2026-11-21T10:00:00Z {text}" for text in canaries.texts("container log", lines=True, without=_WHOLE)]
    log += [f"2026-11-21T10:01:00Z connected with {value}" for value in own[:10]]
    health = {
        "Status": "unhealthy",
        "FailingStreak": 3,
        "Log": [{"End": "2026-11-21T10:06:00Z", "ExitCode": 1, "Output": f"refused {own[11]}"}],
    }
    web = inspected(
        "web",
        State={"Health": health, "Error": f"start failed with {own[12]}"},
        Config={
            "Env": [f"V{number}_SECRET={value}" for number, value in enumerate(own)],
            "Labels": {f"org.example.l{n}": text for n, text in enumerate(canaries.texts("label", lines=True))},
            "Cmd": ["serve", *canaries.texts("container command", lines=True)[:60]],
        },
    )
    serve(engine, web, inspected("bot", Config={"Env": [f"A_TOKEN={known[0]}"]}), log="\n".join(log).encode())
    # It is asked for by its name as well.
    engine.answers["/containers/web/json"] = web
    return ["web", "bot"]


def _answers(canaries: Canaries) -> dict[str, bytes]:
    body = {"items": canaries.texts("HTTP body", without=_WHOLE), "password": canaries.values("HTTP body", 1)[0]}
    redirect = f"/moved?access_token={canaries.values('HTTP redirect', 1)[0]}"
    server = canaries.texts("HTTP header", lines=True)[0]
    return {
        "/body": answer(json.dumps(body).encode(), Server=server),
        "/redirect": answer(b"", "302 Found", Location=redirect),
        "/refused": answer(b"no such login", "401 Unauthorized"),
    }


def _endpoints(root: Path, url: str, canaries: Canaries) -> list[Json]:
    token, hook = canaries.values("HTTP request", 2)
    write(root, {"endpoint.env": f"API_TOKEN={token}\nALERT_WEBHOOK_URL=https://hooks.example.org/services/{hook}\n"})
    place = {"file": "endpoint.env", "key": "API_TOKEN"}
    return [
        {"url": f"{url}/body", "contains": "nothing like it", "json": {"password": "other", "items[0]": "x"}},
        {"url": f"{url}/redirect", "status": 200},
        {"url": f"{url}/refused", "headers": {"Authorization": {**place, "prefix": "Bearer "}}},
        {"name": "alerts", "webhook": {"file": "endpoint.env", "key": "ALERT_WEBHOOK_URL"}},
    ]


def _compose(root: Path, engine: FakeEngine, canaries: Canaries) -> list[Json]:
    def pairs(place: str) -> Json:
        return {f"K{n}": text.replace("$", "$$") for n, text in enumerate(canaries.texts(place))}

    service = {
        "image": "shop/app:1",
        "environment": pairs("compose environment"),
        "labels": pairs("compose label"),
        "command": ["serve", *pairs("compose command").values()],
        "env_file": ["app.env"],
    }
    env = "".join(f"E{n}_TOKEN={value}\n" for n, value in enumerate(canaries.values("compose env_file", 40)))
    write(root, {"shop/compose.yml": json.dumps({"services": {"web": service}}), "shop/app.env": env})
    return [{"project": "shop", "directory": "shop", "socket": engine.socket}]


def _packages(root: Path, canaries: Canaries) -> list[Json]:
    (root / "venv/lib/python3.11/site-packages").mkdir(parents=True)
    write(root, {"venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.2\n"})
    lines = [
        f"pkg{number} @ https://builder:{value}@example.org/pkg{number}.whl"
        for number, value in enumerate(canaries.values("requirements", 20))
    ]
    lines += [f"--index-url https://builder:{value}@example.org/simple" for value in canaries.values("index", 3)]
    write(root, {"requirements.txt": "\n".join(lines)})
    return [{"venv": "venv", "requirements": "requirements.txt"}]


def spelled(known: list[str]) -> list[str]:
    """Return sentences with known values in all forms: no name and no shape tells what they are."""
    return [
        f"connected with {ENCODINGS[form](value)} as usual"
        for number, value in enumerate(known)
        for form in (_FORMS[number % len(_FORMS)], "plain")
    ]


def _logs(root: Path, canaries: Canaries, known: list[str]) -> list[Json]:
    lines = [*canaries.texts("log", lines=True, without=_WHOLE), *spelled(known)]
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    write(root, {"logs/main.log": "".join(f"{stamp},000 - ERROR - n={n}; {line}\n" for n, line in enumerate(lines))})
    return [{"name": "main", "path": "logs/main.log", "since": "1h", "forbid": [f"n={n};" for n in range(len(lines))]}]


def _configs(root: Path, canaries: Canaries) -> list[Json]:
    def content(form: str, lines: bool = False) -> Json:
        named = {f"v{n}_password": value for n, value in enumerate(canaries.values(f"{form} value", 8))}
        texts = {f"t{n}": text for n, text in enumerate(canaries.texts(f"{form} text", lines))}
        return {**named, **texts}

    def listed(form: str, sign: str, quote: t.Callable[[str], str]) -> str:
        return "".join(f"{key}{sign}{quote(value)}\n" for key, value in content(form, lines=True).items())

    # The text of a differing file comes with the second answer, when this configuration was read with the first.
    (deep,) = canaries.values("deep JSON value", 1)
    with (root / "src/connect.py").open("a") as file:
        file.write(f"connect({deep!r})\n")
    values = canaries.values("unit file", 12)
    unit = "".join(f'Environment="U{number}_TOKEN={value}"\n' for number, value in enumerate(values))
    write(
        root,
        {
            "config/app.yaml": json.dumps({"app": content("YAML")}),
            "config/app.json": json.dumps({"app": [{**content("JSON"), "db": {"password": deep}}]}),
            "config/app.toml": listed("TOML", " = ", json.dumps),
            "config/app.ini": "[app]\n" + listed("INI", " = ", str),
            "config/more.env": listed("env file", "=", json.dumps),
            "config/app.service": f"[Service]\nExecStart=/bin/true\n{unit}",
        },
    )
    files = ("app.yaml", "app.json", "app.toml", "app.ini", "more.env", "app.service")
    sources = [{"path": f"config/{name}"} for name in files]
    sources += [{"path": ".env"}, {"process": "planted"}, {"container": "web"}]
    return [{**source, "default": "may_differ", "reference": False} for source in sources]


def _commands(root: Path, canaries: Canaries, known: list[str]) -> list[Json]:
    lines = [*canaries.texts("command output", lines=True), *spelled(known[:20])]
    lines.append(base64.b64encode(known[1].encode()).decode())
    made = []
    for at in range(0, len(lines), _PART):
        write(root, {f"part-{at}.out": "\n".join(lines[at : at + _PART]) + "\n"})
        made.append({"name": f"part-{at}", "run": ["cat", f"part-{at}.out"], "contains": "nothing like it"})
    return made


def _stream(stack: contextlib.ExitStack, root: Path, canaries: Canaries) -> Json:
    (password,) = canaries.values("requirepass", 1)
    port = stack.enter_context(redis_server(root, "--requirepass", password))
    write(root, {"redis.env": f"REDIS_PASSWORD={password}\n"})
    client = Client(port)
    client("AUTH", password)
    fields = {f"f{number}": text for number, text in enumerate(canaries.texts("stream entry")[:40])}
    fields |= {f"t{n}_token": value for n, value in enumerate(canaries.values("stream entry", 8))}
    client("XADD", "orders", "*", *(word for pair in fields.items() for word in pair))
    client.close()
    return {
        "redis": f"127.0.0.1:{port}",
        "stream": "orders",
        "password_from": {"file": "redis.env", "key": "REDIS_PASSWORD"},
        "stuck": sorted(fields),
    }
