# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit changes nothing on the host: no byte, no time, no inode, and it calls nothing that could."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
import typing as t
import venv
from collections.abc import Collection
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import script
from e2e_host import ask, asked_by, details, request, run, timeless
from e2e_operator import Operator
from e2e_project import Repository, application, git, write
from endpoint_server import answer, answering

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs to run as root")
STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")

Fingerprint = dict[str, tuple[t.Any, ...]]


@pytest.fixture(name="reference")
def fixture_reference(tmp_path: Path) -> Repository:
    return application(tmp_path / "reference")


@pytest.fixture(name="host")
def fixture_host(reference: Repository, tmp_path: Path) -> Path:
    """A drifted host with a repository, whose files were last read before they were last written."""
    host = reference.deploy(tmp_path / "host", "HEAD~1")
    write(host, {"src/core/engine.py": "edited\n", "more/.env": "PASSWORD=canary-canary\n", "more/a.pyc": b"\0"})
    (host / "link").symlink_to("src/app.py")
    git(host, "stash")
    git(host, "pack-refs", "--all")
    write(host, {"src/core/engine.py": "edited again\n"})
    for path in (host, *host.rglob("*")):
        if not path.is_symlink():
            os.utime(path, ns=(10**18, path.stat().st_mtime_ns))
    return host


def fingerprint(root: Path) -> Fingerprint:
    """Return all that can be seen of a tree. Everything is opened with O_NOATIME: looking leaves no trace."""
    found: Fingerprint = {}
    fd = os.open(root, os.O_RDONLY | os.O_NOATIME | os.O_DIRECTORY)
    _fingerprint(fd, ".", found)
    return found


def _fingerprint(folder_fd: int, folder: str, found: Fingerprint) -> None:
    found[folder] = _look(os.fstat(folder_fd))
    for name in os.listdir(folder_fd):
        path = f"{folder}/{name}"
        seen = os.lstat(name, dir_fd=folder_fd)
        found[path] = _look(seen)
        if stat.S_ISDIR(seen.st_mode):
            flags = os.O_RDONLY | os.O_NOATIME | os.O_DIRECTORY
            _fingerprint(os.open(name, flags, dir_fd=folder_fd), path, found)
        elif stat.S_ISREG(seen.st_mode):
            fd = os.open(name, os.O_RDONLY | os.O_NOATIME, dir_fd=folder_fd)
            found[path] += (hashlib.sha256(os.read(fd, 1 << 24)).hexdigest(),)
            os.close(fd)
    os.close(folder_fd)


def _look(seen: os.stat_result) -> tuple[t.Any, ...]:
    # Reading the target of a link sets its access time, whoever reads it and however.
    atime = 0 if stat.S_ISLNK(seen.st_mode) else seen.st_atime_ns
    return (*seen[:7], atime, seen.st_mtime_ns, seen.st_ctime_ns)


def changed(before: Fingerprint, after: Fingerprint) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


@ROOT
def test_an_audit_leaves_no_trace(operator: Operator, reference: Repository, host: Path) -> None:
    before = fingerprint(host)
    assert changed(before, fingerprint(host)) == set(), "taking a fingerprint leaves no trace itself"
    for rehash in ("auto", "always"):
        audit = operator.audit_one(host, drift_repo=str(reference.path), drift_rehash=rehash)
        assert ("content", "src/core/engine.py", "edited_on_host") in audit.brief()
        assert changed(before, fingerprint(host)) == set()


@pytest.fixture(name="serving")
def fixture_serving(host: Path) -> t.Iterator[Path]:
    """The host with a virtual environment, and a process that runs from it."""
    venv.create(host / "venv", symlinks=True)
    (site,) = (host / "venv/lib").glob("python*/site-packages")
    write(site, {"one-1.0.dist-info/METADATA": "Name: one\nVersion: 1.0\n", "one.py": "one = 1\n"})
    write(
        host,
        {
            "compose.yml": "services: {web: {image: a}}\n",
            "requirements.txt": "one==1.0\n-r more.txt\n",
            "more.txt": "one\n",
            "src/late.py": "import one\n",
        },
    )
    argv = [str(host / "venv/bin/python"), "-I", "-S", "-c", "input(print('ready', flush=True) or '')", "serving"]
    with subprocess.Popen(argv, cwd=host, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        for path in (host, *host.rglob("*")):
            if not path.is_symlink():
                os.utime(path, ns=(10**18, path.stat().st_mtime_ns))
        yield host
        process.kill()


LIVE: dict[str, t.Any] = {
    "trees": [
        {
            "name": "source",
            "imports": {"venv": "venv"},
            "similar": [{"a": "src/app.py", "b": "src/core/engine.py", "max": 1.0}],
        }
    ],
    "processes": [
        {"name": "app", "match": "serving$", "venv": "venv", "not_older_than": "source", "reads": "requirements.txt"}
    ],
    "ports": [{"port": 1, "closed": True}],
    "units": [{"name": "dbus.service"}],
    "packages": [{"venv": "venv", "requirements": "requirements.txt"}, {"system": "dpkg", "names": {"bash": "*"}}],
    "configs": [
        {"path": "compose.yml", "read_by": [{"process": "app"}]},
        {"path": "more.txt", "format": "env", "keys": {"a": {"matches": "x"}}},
        {"process": "app", "default": "may_differ"},
    ],
    "resources": {},
    "compose": [{"project": "shop", "socket": "/nonexistent/engine.sock"}],
    "logs": [{"path": "requirements.txt", "forbid": ["x"]}, {"journal": "dbus.service", "max": {"ERROR": 0}}],
    "streams": [{"redis": "127.0.0.1:1"}],
    "endpoints": [{"url": "http://127.0.0.1:1/"}],
    "commands": [{"name": "not-allowed", "run": ["touch", "mark"]}],
}


@ROOT
def test_looking_at_what_runs_leaves_no_trace(operator: Operator, serving: Path) -> None:
    before = fingerprint(serving)
    audit = operator.audit_one(serving, drift_contract=LIVE, drift_fail_on="never")
    seen = {(check["section"], check["check"]) for check in audit.findings["checks"] + audit.findings["findings"]}
    wanted = {("processes", "instances"), ("processes", "code"), ("processes", "environment"), ("packages", "version")}
    wanted |= {("configs", "file"), ("configs", "running")}
    assert wanted <= seen
    assert changed(before, fingerprint(serving)) == set()


@STRACE
def test_the_script_calls_nothing_that_changes_what_runs(serving: Path, tmp_path: Path) -> None:
    asked = asked_by(LIVE, serving)
    if Path("/run/systemd/system").is_dir():
        # There it starts systemctl, which talks to systemd.
        del asked["sections"]["units"]
    with answering({"/": answer(b'{"a": "b"}')}) as server:
        answered = {"endpoints": [{"url": f"{server.url}/", "matches": "b"}]}
        asked["sections"].update(asked_by(answered, serving)["sections"])
        assert mutations(script(asked), tmp_path, {1, server.port}) == []
        assert len(server.requests) == 1


@ROOT
@pytest.mark.parametrize(
    ("naive", "trace"),
    [
        ("git status", "./.git/index"),
        ("sha256sum src/app.py", "./src/app.py"),
        ("ls src", "./src"),
        ("touch src/app.py", "./src/app.py"),
        ("cp -p src/app.py x && mv x src/app.py", "./src/app.py"),
        ("sh -c 'echo >> src/app.py'", "./src/app.py"),
    ],
)
def test_twin_naive_readers_leave_a_trace(host: Path, naive: str, trace: str) -> None:
    before = fingerprint(host)
    subprocess.run(naive, shell=True, cwd=host, check=True, capture_output=True)
    assert trace in changed(before, fingerprint(host))


# What changes something, and what can: opening for writing, and writing to anything but a pipe or a terminal.
_CHANGES = (
    "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,mknod,mknodat,"
    "chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utime,utimes,utimensat,futimesat,truncate,ftruncate,"
    "fallocate,setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,mount,umount2,chroot,"
    "socket,connect,bind,creat,execve,flock,sendfile,copy_file_range,splice"
)
_WRITES = "write,pwrite64,writev,pwritev,pwritev2"
_OPENS = "open,openat,openat2"


def mutations(program: bytes, folder: Path, ports: Collection[int] = ()) -> list[str]:
    """Return the system calls of a script on an interpreter's standard input that change something, or could.

    ``ports`` are those of this machine that its contract lets it ask.
    """
    log = folder / "strace.log"
    calls = f"trace={_CHANGES},{_WRITES},{_OPENS}"
    run(program, "strace", "-f", "-qq", "-y", "-o", str(log), "-e", calls, "-e", "signal=none")
    found = [line.split(" ", 1)[1].strip() for line in log.read_text().splitlines()]
    assert len(found) > 100, "strace saw the script"
    assert found[0].startswith("execve(")
    return [call for call in found[1:] if not _harmless(call) and not _asks(call, ports)]


def _asks(call: str, ports: Collection[int]) -> bool:
    """Say whether a call only opens a connection to one of these ports of this machine."""
    if call.startswith("socket(AF_INET, SOCK_STREAM"):
        return bool(ports)
    made = re.match(r"connect\(.*sin_port=htons\((\d+)\), sin_addr=inet_addr\(\"127\.0\.0\.1\"\)", call)
    return made is not None and int(made[1]) in ports


def _harmless(call: str) -> bool:
    name = call.partition("(")[0]
    if name in _OPENS.split(","):
        return not re.search("O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND", call)
    if name in _WRITES.split(","):
        return re.match(r"[a-z0-9]+\(\d+<pipe:", call) is not None
    # The C library asks the name service's cache for the names of users, if there is one, as `ls -l` does.
    return "resumed>" in name or re.match(r"socket\(AF_UNIX, |connect\(.*/nscd/socket", call) is not None


@STRACE
def test_the_host_script_calls_nothing_that_changes_anything(host: Path, tmp_path: Path) -> None:
    assert mutations(script(request(host)), tmp_path) == []
    assert mutations(script(details(host, ["src/core/engine.py", "src/app.py"])), tmp_path) == []


@STRACE
@pytest.mark.parametrize(
    "change",
    [
        "import tempfile; tempfile.TemporaryFile().write(b'x')",
        "import os; os.utime('/proc/self/cwd')",
        "open('/dev/null', 'w').write('x')",
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.socket()",
    ],
)
def test_twin_a_script_that_writes_is_caught(host: Path, tmp_path: Path, change: str) -> None:
    assert mutations(script(request(host)) + b"\n" + change.encode() + b"\n", tmp_path) != []


_READ_ONLY_HOST = ["unshare", "-m", "sh", "-ec", 'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"']
_READ_ONLY_ROOT = [
    "unshare",
    "-m",
    "sh",
    "-ec",
    """mount --make-rprivate /
    while read -r _id _parent _device _root point _rest; do mount -o remount,ro,bind "$point" 2>/dev/null || true
    done < /proc/self/mountinfo
    if touch "$0/proof" "/tmp/evenkeel-proof-$$" 2>/dev/null; then exit 9; fi
    exec "$@\"""",
]


def mounts() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0


@pytest.mark.skipif(not mounts(), reason="needs to mount")
@pytest.mark.parametrize("prefix", [_READ_ONLY_HOST, _READ_ONLY_ROOT], ids=["tree", "root"])
def test_the_answer_is_the_same_on_a_read_only_file_system(host: Path, prefix: list[str]) -> None:
    # Several workers tell of their directories in the order in which they come to them.
    for asked in (request(host, workers=1), details(host, ["src/core/engine.py", "src/app.py"])):
        usual = timeless(ask(asked))
        assert timeless(ask(asked, *prefix, str(host))) == usual
        assert {section["outcome"] for section in usual["sections"].values()} == {"ok"}


@pytest.mark.skipif(not mounts(), reason="needs to mount")
@pytest.mark.parametrize("prefix", [_READ_ONLY_HOST, _READ_ONLY_ROOT], ids=["tree", "root"])
def test_twin_a_script_that_writes_fails_there(host: Path, prefix: list[str]) -> None:
    write_first = f"open({str(host / 'proof')!r}, 'w')\n".encode()
    program = write_first + script(request(host))
    done = subprocess.run([*prefix, str(host), sys.executable], input=program, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"Read-only file system" in done.stderr
    assert not (host / "proof").exists()


@pytest.mark.skipif(not mounts(), reason="needs to mount")
def test_the_report_is_the_same_on_a_read_only_file_system(
    operator: Operator, reference: Repository, host: Path
) -> None:
    """The whole audit, of a tree that lies on a read-only mount and of the same one that does not."""
    script_path = operator.home / "python"
    script_path.write_text(
        f'#!/bin/sh\nexec unshare -m sh -ec \'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"\' '
        f'{host} {sys.executable} "$@"\n'
    )
    script_path.chmod(0o755)
    hosts = {"web1": {"ansible_python_interpreter": str(script_path)}}
    usual = operator.audit_one(host, drift_repo=str(reference.path))
    read_only = operator.audit(
        operator.inventory(hosts, drift_root=str(host)), drift_repo=str(reference.path), drift_rehash="always"
    )
    findings = [
        [{**finding, "first_seen": ""} for finding in outcome.findings["findings"]] for outcome in (usual, read_only)
    ]
    assert findings[0] == findings[1] != []
    assert usual.state() == read_only.state()
