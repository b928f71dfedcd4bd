# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of a host, read from ``/proc``. Private to the collection.

An entry can vanish between any two reads: that is `Gone`, no failure. What may not be read is `Unseen`.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen, explain
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import machine_of, within

_LIMIT = 8 << 20
_SELF_LIMIT = 4 << 20
_KERNEL_THREAD = 0x00200000
_PTRACE = 19


class Gone(Exception):
    """The process ended before it was read."""


class Stat(t.NamedTuple):
    """One line of ``/proc/<pid>/stat``; times in clock ticks, ``starttime`` since the system booted."""

    pid: int
    comm: bytes
    state: str
    ppid: int
    utime: int
    stime: int
    threads: int
    starttime: int
    rss_pages: int
    flags: int = 0

    @property
    def kernel(self) -> bool:
        """Whether this is a thread of the kernel."""
        return bool(self.flags & _KERNEL_THREAD)

    @property
    def ended(self) -> bool:
        """Whether this is a zombie: it ended and waits for its parent to ask."""
        return self.state in ("Z", "X", "x")


def parse_stat(line: bytes) -> Stat:
    """Return what a line of ``/proc/<pid>/stat`` says. Raises ValueError.

    The name is whatever the process chose, parentheses, blanks and line ends included: it ends at the last ``)``.
    """
    begin, end = line.index(b"("), line.rindex(b")")
    rest = line[end + 1 :].split()
    if len(rest) < 22:
        raise ValueError("too few fields")
    return Stat(
        pid=int(line[:begin]),
        comm=line[begin + 1 : end],
        state=rest[0].decode("ascii"),
        ppid=int(rest[1]),
        utime=int(rest[11]),
        stime=int(rest[12]),
        threads=int(rest[17]),
        starttime=int(rest[19]),
        rss_pages=int(rest[21]),
        flags=int(rest[6]),
    )


def split_argv(data: bytes) -> list[bytes]:
    """Return the arguments in ``/proc/<pid>/cmdline``.

    A process may have written one text over all of them (setproctitle), then the rest of the space is empty.
    """
    if not data:
        return []
    parts = (data[:-1] if data.endswith(b"\0") else data).split(b"\0")
    return parts[:1] if not any(parts[1:]) else parts


class Proc:
    """The processes below ``root``. Every method raises Gone, or Unseen when it may not read."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root
        self._machine: bytes | None = None

    def pids(self) -> list[int]:
        """Return the process ids that this process can see, in order. Raises Unseen only."""
        try:
            return sorted(int(name) for name in os.listdir(self.root) if name.isdigit())
        except OSError as error:
            raise Unseen(f"{self.root} cannot be listed: {explain(error)}") from None

    def stat(self, pid: int) -> Stat:
        try:
            return parse_stat(self.read(pid, "stat"))
        except ValueError:
            raise Unseen(f"{self.root}/{pid}/stat has another form than Linux gives it") from None

    def argv(self, pid: int) -> list[bytes]:
        """Return the arguments; a kernel thread and a zombie have none."""
        return split_argv(self.read(pid, "cmdline"))

    def link(self, pid: int, name: str) -> bytes:
        """Return where ``exe``, ``cwd``, ``root``, ``ns/net`` or ``ns/pid`` point to."""
        path = f"{self.root}/{pid}/{name}"
        try:
            return os.readlink(os.fsencode(path))
        except OSError as error:
            self._raise(pid, name, error)

    def uid(self, pid: int) -> int:
        """Return the effective user id, as ps shows it. (The owner of the directory is root for some processes of
        others.)
        """
        for line in self.read(pid, "status").splitlines():
            if line.startswith(b"Uid:"):
                try:
                    return int(line.split()[2])
                except (ValueError, IndexError):
                    break
        raise Unseen(f"{self.root}/{pid}/status names no user")

    def cgroup(self, pid: int) -> bytes:
        """Return the control groups as this machine sees them; nothing on a kernel without them."""
        if self._machine is None:
            try:
                self._machine = machine_of(self.read(1, "cgroup"))
            except (Gone, Unseen):
                self._machine = b""
        try:
            return within(self.read(pid, "cgroup"), self._machine)
        except Unseen:
            if os.path.exists(f"{self.root}/{pid}/cgroup"):
                raise
            return b""

    def environ_value(self, pid: int, name: str) -> bytes | None:
        """Return one variable of the environment that the process was started with."""
        start = name.encode("ascii") + b"="
        for item in self.read(pid, "environ").split(b"\0"):
            if item.startswith(start):
                return item[len(start) :]
        return None

    def sockets(self, pid: int) -> set[int]:
        """Return the inodes of the sockets that the process holds open."""
        path = f"{self.root}/{pid}/fd"
        try:
            names = os.listdir(path)
        except OSError as error:
            self._raise(pid, "fd", error)
        found = set()
        for name in names:
            try:
                target = os.readlink(f"{path}/{name}")
            except FileNotFoundError:
                continue
            except OSError as error:
                self._raise(pid, "fd", error)
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
        return found

    def hidden(self) -> str:
        """Return why processes of others are invisible or unreadable to this one; nothing when they are not."""
        option = self._mount_option(b"hidepid=")
        if option not in (b"", b"0", b"off") and not self._privileged():
            return f"{self.root} is mounted with hidepid={option.decode('ascii', 'replace')}"
        try:
            self.stat(1)
        except Gone:
            return f"{self.root} does not show process 1"
        except Unseen as unseen:
            return unseen.reason
        return ""

    def read(self, pid: int, name: str) -> bytes:
        """Return the content of one file of a process, at most 8 MiB."""
        try:
            fd = os.open(f"{self.root}/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.read(fd, 4096)
                parts = [data]
                size = len(data)
                while data and size <= _LIMIT:
                    data = os.read(fd, 1 << 18)
                    parts.append(data)
                    size += len(data)
            finally:
                os.close(fd)
        except OSError as error:
            self._raise(pid, name, error)
        if size > _LIMIT:
            raise Unseen(f"{self.root}/{pid}/{name} is larger than {_LIMIT >> 20} MiB")
        return b"".join(parts)

    def _raise(self, pid: int, name: str, error: OSError) -> t.NoReturn:
        if isinstance(error, (FileNotFoundError, ProcessLookupError)):
            if not os.path.exists(f"{self.root}/{pid}") or isinstance(error, ProcessLookupError):
                raise Gone from None
            raise Unseen(
                f"{self.root}/{pid}/{name} leads nowhere: the kernel's own thread, or a process that is ending"
            )
        raise Unseen(f"{self.root}/{pid}/{name} cannot be read: {explain(error)}") from None

    def _mount_option(self, name: bytes) -> bytes:
        """Return the value of an option with which ``root`` is mounted; nothing when it has none."""
        try:
            lines = self._own("self/mountinfo").splitlines()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise Unseen(f"{self.root}/self/mountinfo cannot be read: {explain(error)}") from None
        value = b""
        for line in lines:
            fields, _dash, source = line.partition(b" - ")
            if source.startswith(b"proc ") and fields.split()[4:5] == [b"/proc"]:
                options = fields.split()[5:6] + source.split()[2:3]
                value = b""
                for option in b",".join(options).split(b","):
                    if option.startswith(name):
                        value = option[len(name) :]
        return value

    def _privileged(self) -> bool:
        """Whether this process may look into every other: it has the capability SYS_PTRACE."""
        try:
            for line in self._own("self/status").splitlines():
                if line.startswith(b"CapEff:"):
                    return bool(int(line.split()[1], 16) >> _PTRACE & 1)
        except (OSError, ValueError, IndexError):
            return False
        return False

    def _own(self, name: str) -> bytes:
        with open(f"{self.root}/{name}", "rb") as file:
            return file.read(_SELF_LIMIT)
