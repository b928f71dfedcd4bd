# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each command that repeats a check is run by ``sh`` on a host where things are as declared, and others are
not. What it prints tells the same, and has none of the secrets that lie beside.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import uuid
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_operator import Operator
from e2e_project import Repository, write
from e2e_repeated import Repeated, verified
from endpoint_server import answer, path_of, serving

SECRET = "hunter2hunter2"
SPANS, AHEAD = r"def one\(\):\n    return 1", r"(?s)BEGIN(?!.*NEVER)"
SPACED = "src/it's $HOME.py"
GOOD = 'def one():\n    return 1\n\n\nKEY = "hunter2hunter2"\nprice = 5  # BEGIN\nprice = 6\n'
LOOP = "import sys, time\ntime.sleep(3600)\n"
# Tests of this file run beside each other, and each of those who do has a process of its own.
MARK = f"GOOD{uuid.uuid4().hex[:12]}"
BODIES = {
    "/good": b'{"status": "ok", "items": [1, 2], "nested": {"a.b": 5}, "token": "hunter2hunter2", "at": "%d"}',
    "/bad": b'{"status": "down", "items": [], "token": "hunter2hunter2", "at": "1000000000"}',
}
LOG = """\
INFO ERROR is only a word here
ERROR the price 12.5 is odd
\x1b[31mCRITICAL\x1b[0m ws://a?token=hunter2hunter2
Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: hunter2hunter2
WARNING TypeError: it was told
Traceback (most recent call last):
  File "a.py", line 1, in <module>
TypeError: it was told
INFO cycle done, 3 left
Traceback (most recent call last):
shop.errors.OwnWay: it was told
INFO price 7.5, 4 left
"""


def handler(connection: socket.socket, request: bytes) -> None:
    body = BODIES.get(path_of(request))
    if path_of(request) == "/moved":
        connection.sendall(answer(status="302 Found", Location="/good"))
    elif body is None:
        connection.sendall(answer(b"hunter2hunter2", "503 Service Unavailable"))
    else:
        connection.sendall(answer(body % int(time.time()) if b"%d" in body else body))


def log(moment: float) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(moment))
    return "".join(line if line[:1] in "T Vs" else f"{stamp} {line}" for line in LOG.splitlines(True))


def prepare(root: Path, reference: Repository) -> None:
    """Bring a host to where it has drifted from its commit."""
    reference.commit(
        "First",
        {
            ".gitignore": "venv/\nlogs/\n.env\n*.tmp\n",
            "src/app.py": LOOP,
            "src/same.py": GOOD,
            "src/changed.py": "1\n",
            "src/lost.py": "1\n",
            "src/twin.py": "".join(f"value_{number} = {number}\n" for number in range(30)),
            SPACED: GOOD,
            "requirements.txt": "right-one==1.0\nold==2.0\nlacking\n",
        },
    )
    reference.deploy(root)
    write(root, {"src/changed.py": "2\n", "src/lost.py": None, "src/left.tmp": "x", "src/more.py": "import nowhere\n"})
    write(root, {"src/copy.py": (root / "src/twin.py").read_text()})
    now = time.time()
    write(root, {"logs/-a 'b'.log": log(now - 30), "logs/old.log": log(now - 86400)})
    write(root, {".env": f"MODE=live\nexport LEVEL=debug\nTOKEN={SECRET}\nEXTRA=1\nLEVEL=debug\n"})
    os.chmod(root / "src/same.py", 0o755)
    venv.create(root / "venv", symlinks=True, with_pip=False)
    (site,) = (root / "venv").glob("lib/python3*/site-packages")
    for name, version in (("right_one", "1.0"), ("old", "1.0"), ("more", "1.0")):
        write(site, {f"{name}-{version}.dist-info/METADATA": f"Name: {name}\nVersion: {version}\n"})


def contract(url: str, port: int, closed: int) -> dict[str, object]:
    """Return a contract of which each check has a thing that is as declared, and one that is not."""
    return {**of_code(), **of_texts(), **of_what_runs(url, port, closed), **of_the_host()}


def of_code() -> dict[str, object]:
    rules = [
        ("src/same.py", SPANS),
        (SPACED, AHEAD),
        ("src/changed.py", SPANS),
        ("src/same.py", "^(?P<n>price) = [0-9]$"),
    ]
    never = [("src/same.py", r"KEY = \"hunter2\w+\""), ("src/changed.py", "TODO|it's")]
    return {
        "git": {"path": "."},
        "trees": [
            {
                "name": "source",
                "path": "src",
                "forbid": ["*.tmp", "*.bak"],
                "imports": True,
                "similar": [
                    {"a": "src/twin.py", "b": "src/copy.py", "max": 0.5},
                    {"a": "src/twin.py", "b": "src/app.py", "max": 0.5},
                ],
                "must_contain": [{"path": path, "pattern": pattern} for path, pattern in rules],
                "must_not_contain": [{"path": path, "pattern": pattern} for path, pattern in never],
            }
        ],
    }


def of_texts() -> dict[str, object]:
    searched = {
        "max": {
            "ERROR": 0,
            "WARNING": 100,
            "TypeError": 0,
            "KeyError": 0,
            "ValueError": 0,
            "OwnWay": 0,
            "Traceback": 0,
            "Unhandled": 0,
        },
        "forbid": [{"name": "odd", "pattern": r"price (?=\d+\.5)(?!7)"}, {"name": "panic", "pattern": "^panic"}],
        "require": [
            {"name": "done", "pattern": r"(?i)CYCLE (?P<what>\w+)"},
            {"name": "never", "pattern": r"done\nINFO"},
        ],
        "interval": [
            {"name": "cycle", "pattern": "cycle done", "min_count": 1},
            {"name": "often", "pattern": "cycle done", "min_count": 2},
        ],
        "numbers": [
            {"name": "left", "pattern": r", (\d+) left", "max": 3},
            {"name": "few", "pattern": r", (\d+) left", "min": 1},
        ],
        "since": "30d",
    }
    return {
        "logs": [
            {"name": "new", "path": "logs/-a 'b'.log", "fresh_s": 3600, **searched},
            {"name": "old", "path": "logs/old.log", "fresh_s": 3600, "since": "30d"},
            {"name": "none", "path": "logs/none.log", "since": "1h"},
        ],
        "configs": [
            {
                "path": ".env",
                "keys": {
                    "MODE": {"rule": "may_differ", "one_of": ["live"]},
                    "LEVEL": {"rule": "may_differ", "one_of": ["info"]},
                    "TOKEN": {"rule": "may_differ", "matches": ".*"},
                    "MISSING": {"rule": "may_differ", "matches": ".*"},
                    "DEBUG": "must_be_absent",
                    "EXTRA": "must_be_absent",
                },
            }
        ],
        "commands": [
            {"name": "good", "run": ["cat", ".env", SPACED], "contains": ["MODE=live"], "matches": ["^export L"]},
            {"name": "bad", "run": ["sh", "-c", "cat .env; exit 3"]},
            {
                "name": "other",
                "run": ["printf", '{"a": [1, 2], "b": "x"}'],
                "contains": ["not there"],
                "json": {"a[1]": 3, "b": "x"},
            },
        ],
    }


def of_what_runs(url: str, port: int, closed: int) -> dict[str, object]:
    answers = {
        "contains": ["ok"],
        "not_contains": ["down"],
        "matches": [r'"items": \[\d'],
        "json": {"status": "ok", "token": {"type": "string"}},
        "min_items": {"items": 1},
        "fresh": {"path": "at", "within_s": 600},
    }
    return {
        "processes": [
            {
                "name": "app",
                "match": rf"src/app\.py -[a-z]+ {MARK}",
                "user": "nobody",
                "cwd": ".",
                "memory_mb": 1000,
                "not_older_than": "source",
            },
            {"name": "gone", "match": r"src/gone\.py"},
        ],
        "ports": [
            {"port": port},
            {"port": 1},
            {"port": 2, "closed": True},
            {"port": closed, "closed": True},
            {"range": "1-9", "only_declared": True},
        ],
        "endpoints": [
            {"name": "good", "url": f"{url}/good", "under_ms": 60000, **answers},
            {"name": "bad", "url": f"{url}/bad", **answers},
            {"name": "broken", "url": f"{url}/broken"},
            {"name": "moved", "url": f"{url}/moved", "redirects": 1, "json": {"status": "ok"}},
            {"name": "nobody", "url": "http://127.0.0.1:1/"},
        ],
    }


def of_the_host() -> dict[str, object]:
    return {
        "packages": [
            {"venv": "venv", "requirements": "requirements.txt", "only_declared": True},
            {"system": "dpkg", "names": {"dpkg": "*", "coreutils": "0.1", "no-such-package": "*"}},
        ],
        "resources": {
            "memory_percent": {"warn": 100},
            "swap_percent": {"warn": 100},
            "disk_percent": {"warn": 100, "fail": 100},
            "inode_percent": {"fail": 100},
            "load_per_core": {"warn": 1000},
            "disks": ["/"],
        },
    }


@pytest.fixture(name="repeated", scope="module")
def fixture_repeated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repeated]:
    top = tmp_path_factory.mktemp("repeating")
    root, reference = top / "it's my $app", Repository(top / "reference")
    prepare(root, reference)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(handler))
        process = subprocess.Popen([sys.executable, "src/app.py", "-name", MARK, SECRET], cwd=root)
        stack.callback(process.wait)
        stack.callback(process.kill)
        closed = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        declared = contract(server.url, server.port, closed)
        made = verified(Operator(top / "operator"), root, declared, drift_repo=str(reference.path))
        made.words = {"PID": str(process.pid), "PORT": str(server.port), "CLOSED": str(closed)}
        yield made


HEX = "[0-9a-f]{64}"
DATE = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"
EMPTY = "^$"
TABLE = [
    ("trees", "content", "src/changed.py", "fail", f"src/changed.py\n{HEX}  src/changed.py\n"),
    ("trees", "mode", "src/same.py", "fail", "^0755 "),
    ("trees", "presence", "src/lost.py", "fail", "No such file"),
    ("trees", "presence", "src/more.py", "fail", "^0644 .* src/more.py\n$"),
    ("trees", "comparison", "src", "fail", f"{HEX}  src/changed.py\n"),
    ("trees", "forbidden", "src:*.tmp", "fail", "^src/left.tmp\n$"),
    ("trees", "forbidden", "src:*.bak", "pass", EMPTY),
    ("trees", "must_contain", rf"src/same.py:{SPANS}", "pass", "^1 found: 1\n$"),
    ("trees", "must_contain", rf"src/changed.py:{SPANS}", "fail", "^0 found\n$"),
    ("trees", "must_contain", rf"{SPACED}:{AHEAD}", "pass", "^1 found: 6\n$"),
    ("trees", "must_contain", "src/same.py:^(?P<n>price) = [0-9]$", "pass", "^1 found: 7\n$"),
    ("trees", "must_not_contain", 'src/same.py:KEY = \\"hunter2\\w+\\"', "fail", "^1 found: 5\n$"),
    ("trees", "must_not_contain", "src/changed.py:TODO|it's", "pass", "^0 found\n$"),
    ("trees", "imports", "src/more.py:nowhere", "fail", "^1:import nowhere\n$"),
    ("trees", "similar", "src/twin.py:src/copy.py", "fail", "^1.0 of 30 and 30 lines\n$"),
    ("trees", "similar", "src/twin.py:src/app.py", "pass", "^0.0 of 2 and 30 lines\n$"),
    ("git", "commit", ".", "pass", "^[0-9a-f]{40}\n$"),
    ("git", "modified", ".", "fail", " M src/changed.py\n"),
    ("git", "untracked", ".", "fail", r"\?\? src/more.py\n"),
    ("git", "stash", ".", "pass", EMPTY),
    ("logs", "fresh", "new", "pass", f"\n{DATE}\n$"),
    ("logs", "fresh", "old", "fail", f"\n{DATE}\n$"),
    ("logs", "log", "none", "fail", "No such file"),
    ("logs", "forbid", "new:odd", "fail", f"^1 line: 2 {DATE},\n$"),
    ("logs", "forbid", "new:panic", "pass", "^0 lines\n$"),
    ("logs", "require", "new:done", "pass", f"^1 line: 11 {DATE},\n$"),
    ("logs", "require", "new:never", "fail", "^0 lines\n$"),
    ("logs", "max", "new:ERROR", "fail", "^2 lines: 2 .*, 3 "),
    ("logs", "max", "new:WARNING", "pass", "^3 lines: 2 .*, 3 .*, 7 "),
    ("logs", "max", "new:TypeError", "fail", "^1 line: 7 "),
    ("logs", "max", "new:ValueError", "fail", "^1 line: 6,\n$"),
    ("logs", "max", "new:OwnWay", "fail", "^1 line: 13,\n$"),
    ("logs", "max", "new:KeyError", "pass", "^0 lines\n$"),
    ("logs", "max", "new:Traceback", "fail", "^3 lines: 4, 8, 12,\n$"),
    ("logs", "max", "new:Unhandled", "pass", "^0 lines\n$"),
    ("logs", "interval", "new:cycle", "pass", f"^1 line: 11 {DATE},\n$"),
    ("logs", "interval", "new:often", "fail", f"^1 line: 11 {DATE},\n$"),
    ("logs", "numbers", "new:left", "fail", "^2 numbers: least 3.0 mean 3.5 most 4.0 last 4.0\n$"),
    ("logs", "numbers", "new:few", "pass", "^2 numbers: least 3.0 "),
    ("configs", "file", ".env", "pass", f" 644 .* .env\n{HEX}  .env\n$"),
    ("configs", "absent", ".env:DEBUG", "pass", f" .env\n{HEX}  -\n$"),
    ("configs", "absent", ".env:EXTRA", "fail", f" .env\n4\n{HEX}  -\n$"),
    ("configs", "duplicate", ".env:LEVEL", "fail", f" .env\n2\n5\n{HEX}  -\n$"),
    ("configs", "value", ".env:TOKEN", "pass", f" .env\n3\n{HEX}  -\n$"),
    ("commands", "exit", "good", "pass", "^ended with 0\n$"),
    ("commands", "exit", "bad", "fail", "^ended with 3\n$"),
    ("commands", "output", "good:MODE=live", "pass", "^found\n$"),
    ("commands", "output", "good:^export L", "pass", "^found\n$"),
    ("commands", "output", "other:not there", "fail", "^not found\n$"),
    ("commands", "json", "other:a[1]", "fail", "^2\n$"),
    ("commands", "json", "other:b", "pass", '^"x"\n$'),
    ("processes", "instances", "app", "pass", "^.* STARTED .*\n *PID .*\n$"),
    ("processes", "instances", "gone", "fail", EMPTY),
    ("processes", "memory", "app", "pass", "^.* RSS .*\n *PID .* [0-9]+ python[0-9.]*\n$"),
    ("processes", "user", "app[PID]", "fail", " (?!nobody)[a-z]+ .*\n$"),
    ("processes", "cwd", "app[PID]", "pass", r"^.*/it's my \$app\n"),
    ("processes", "replaced", "app[PID]", "pass", r"^.*/it's my \$app\n"),
    ("processes", "code", "app[PID]:source", "pass", f"^{DATE}.* src/.*\n{DATE}.* started [0-9]+\n$"),
    ("ports", "listening", "tcp/*/PORT", "pass", "LISTEN .*:PORT "),
    ("ports", "listening", "tcp/*/1", "fail", "^State.*\n$"),
    ("ports", "closed", "tcp/*/2", "pass", "^State.*\n$"),
    ("ports", "closed", "tcp/127.0.0.1/CLOSED", "fail", "LISTEN .*:CLOSED "),
    ("ports", "declared", "tcp/*/1-9", "pass", "^State.*\n$"),
    ("endpoints", "answers", "good", "pass", r"^\n200 in "),
    ("endpoints", "answers", "nobody", "fail", r"onnect"),
    ("endpoints", "status", "good", "pass", r"^\n200 in "),
    ("endpoints", "status", "broken", "fail", r"^\n503 in "),
    ("endpoints", "time", "good", "pass", r"^\n200 in [0-9.]+ s\n$"),
    ("endpoints", "content", "good:ok", "pass", "^found\n$"),
    ("endpoints", "content", "good:down", "pass", "^not found\n$"),
    ("endpoints", "content", "bad:down", "fail", "^found\n$"),
    ("endpoints", "content", r'good:"items": \[\d', "pass", "^found\n$"),
    ("endpoints", "content", r'bad:"items": \[\d', "fail", "^not found\n$"),
    ("endpoints", "json", "good:status", "pass", '^"ok"\n$'),
    ("endpoints", "json", "bad:status", "fail", '^"down"\n$'),
    ("endpoints", "json", "good:token", "pass", "^str 14\n$"),
    ("endpoints", "status", "moved", "pass", r"^\n200 in "),
    ("endpoints", "json", "moved:status", "pass", '^"ok"\n$'),
    ("endpoints", "items", "good:items", "pass", "^list 2\n$"),
    ("endpoints", "items", "bad:items", "fail", "^list 0\n$"),
    ("endpoints", "fresh", "good:at", "pass", '^"[0-9]{10}"\n[0-9.]+\n$'),
    ("endpoints", "fresh", "bad:at", "fail", '^"1000000000"\n[0-9.]+\n$'),
    ("packages", "environment", "venv", "pass", "(venv/lib/.*-info\n){3}$"),
    ("packages", "version", "right-one", "pass", "^venv/lib/.*/right_one-1.0.dist-info\n$"),
    ("packages", "version", "old", "fail", "^venv/lib/.*/old-1.0.dist-info\n$"),
    ("packages", "installed", "lacking", "fail", EMPTY),
    ("packages", "declared", "more", "fail", "/more-1.0.dist-info\n"),
    ("resources", "memory", "memory", "pass", "^MemTotal: .*\nMemAvailable: .*\n$"),
    ("resources", "disk", "disk /", "pass", "% /\n$"),
    ("resources", "inodes", "inodes /", "pass", "% /\n$"),
    ("resources", "load", "load", "pass", "^[0-9.]+ [0-9.]+ .*\n[0-9]+\n$"),
    ("resources", "clock", "clock", "pass", f"^{DATE}"),
]
"""Section, check, subject, how it ended, and what is printed then."""


@pytest.mark.parametrize(("section", "name", "subject", "outcome", "wanted"), TABLE)
def test_what_is_printed_is_what_was_judged(
    repeated: Repeated, section: str, name: str, subject: str, outcome: str, wanted: str
) -> None:
    for word, real in repeated.words.items():
        subject, wanted = subject.replace(word, real), wanted.replace(word, real)
    one = repeated.one(section, name, subject)
    assert one["outcome"] == outcome, one["summary"]
    said = repeated.said(one)
    assert re.search(wanted, said), said


def test_nothing_that_is_printed_has_a_secret(repeated: Repeated, tmp_path: Path) -> None:
    """The twin: the places that are looked at have it."""
    said = {one["command"]: repeated.run(one["command"]) for one in repeated.checks if one["command"]}
    assert not [pair for pair in said.items() if SECRET in "".join(pair)]
    for place in (".env", "src/same.py", "logs/old.log"):
        assert SECRET in (repeated.root / place).read_text()


def test_what_is_repeated_changes_nothing(repeated: Repeated) -> None:
    def look() -> dict[str, tuple[int, int]]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in repeated.root.rglob("*")}

    before = look()
    for one in repeated.checks:
        if one["command"]:
            repeated.run(one["command"])
    assert look() == before
