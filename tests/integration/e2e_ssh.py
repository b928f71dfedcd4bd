# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SSH server of the test's own on this machine, for its own user alone, whose connections can be cut."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

from own_port import own_port
from waiting import wait_until

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
_SEPARATION = Path("/run/sshd")
_CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
"""


class SshServer:
    """``variables`` are those with which Ansible reaches it."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, t.Any]:
        options = f"-F /dev/null -o UserKnownHostsFile={self._folder}/known -o IdentitiesOnly=yes -o ConnectTimeout=20"
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self._port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": f"{self._folder}/user",
            # No connection is kept for the next task: what is cut is that of the task that runs.
            "ansible_ssh_args": f"{options} -o ControlMaster=no",
            "ansible_python_interpreter": sys.executable,
        }

    def start(self) -> None:
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._folder / name)], check=True, timeout=60
            )
        (self._folder / "config").write_text(_CONFIG.format(port=self._port, folder=self._folder))
        key = (self._folder / "host.pub").read_text()
        (self._folder / "known").write_text(f"[127.0.0.1]:{self._port} {key}")
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [str(PROGRAM), "-D", "-e", "-f", str(self._folder / "config")], stderr=log, start_new_session=True
            )
        wait_until(self._listens, "the SSH server listens")

    def _listens(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, (self._folder / "log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=5):
            return True
        return False

    def cut(self) -> int:
        """End the server's side of each connection, and return how many processes that were."""
        assert self._server is not None
        found = _children(self._server.pid)
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(found)

    def end(self) -> None:
        if self._server is not None:
            self.cut()
            self._server.kill()
            self._server.wait()


def _children(top: int) -> list[int]:
    """Return the processes of the server below one, and not what it started for others: these see their end."""
    found = []
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            name, _mark, rest = stat.partition("(")[2].rpartition(")")
            if int(rest.split()[1]) == top and name.startswith("sshd"):
                found += [pid, *_children(pid)]
    return found


@contextlib.contextmanager
def ssh_server(folder: Path) -> t.Iterator[SshServer | None]:
    """Yield a server that runs, or None where there cannot be one."""
    if PROGRAM is None or shutil.which("ssh-keygen") is None or (os.getuid() == 0 and not _SEPARATION.is_dir()):
        yield None
        return
    folder.mkdir(mode=0o700)
    with own_port() as port:
        server = SshServer(folder, port)
        try:
            server.start()
            yield server
        finally:
            server.end()
