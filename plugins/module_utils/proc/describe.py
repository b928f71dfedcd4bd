# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that is told of one process. Private to the collection."""

from __future__ import annotations

import os
import pwd
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, mask_argv
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.match import Seen, elsewhere
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Gone, Proc
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.supervisor import container_of, unit_of
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.venv import environment_of
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_MANAGER = re.compile(rb"/user@([0-9]+)\.service/")
_DELETED = b" (deleted)"
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_WORDS = 200
_LONGEST = 2000

Json = t.Dict[str, t.Any]
T = t.TypeVar("T")


class Describer:
    """Describes the processes of one host; ``own`` is our own process id. Every method raises Gone."""

    def __init__(self, proc: Proc, booted_s: float, now_s: float, own: int) -> None:
        self._proc = proc
        self._booted_s = booted_s
        self._now_s = now_s
        self._users: dict[int, str] = {}
        try:
            self._namespace: bytes | None = proc.link(own, "ns/pid")
        except (Gone, Unseen):
            # We are not in this /proc: it belongs to another namespace.
            self._namespace = None

    def elsewhere(self, pid: int) -> bool:
        """Whether it surely runs in a container; where that cannot be told it counts as one of the host's own."""
        try:
            return elsewhere(self._proc, pid, self._namespace)
        except Unseen:
            return False

    def describe(self, seen: Seen) -> Json:
        """Return one process as it stands in the evidence; a field that may not be read is None and has its reason in
        ``unread``.
        """
        stat, pid, proc = seen.stat, seen.stat.pid, self._proc
        unread: dict[str, str] = {}

        def ask(field: str, read: t.Callable[[], T]) -> T | None:
            try:
                return read()
            except Unseen as unseen:
                unread[field] = unseen.reason
                return None

        uid = ask("user", lambda: proc.uid(pid))
        exe = ask("exe", lambda: proc.link(pid, "exe"))
        cwd = ask("cwd", lambda: proc.link(pid, "cwd"))
        cgroup = ask("unit", lambda: proc.cgroup(pid))
        foreign = ask("namespace", lambda: elsewhere(proc, pid, self._namespace))
        if foreign:
            unread["venv"] = "it runs in a container, whose files are not looked into"
            venv = None
        else:
            venv = ask("venv", lambda: environment_of(proc, pid, seen.argv, exe, cwd))
        started_s = clock.start_time(stat, self._booted_s)
        # Masked first, cut then: half a secret is not recognised.
        argv = [word[:_LONGEST] for word in mask_argv([show(word) for word in seen.argv[:_WORDS]])]
        return {
            "pid": pid,
            "ppid": stat.ppid,
            "name": mask(show(stat.comm)),
            "uid": uid,
            "user": None if uid is None else self._user(uid),
            "started": iso(started_s),
            "started_s": round(started_s, 3),
            "state": stat.state,
            "command": " ".join(argv),
            "argv": argv,
            "exe": None if exe is None else show(exe),
            "cwd": None if cwd is None else show(cwd),
            "replaced": [name for name, path in (("exe", exe), ("cwd", cwd)) if self._replaced(pid, name, path)],
            "venv": None if venv is None else show(venv),
            **_supervision(cgroup, bool(foreign)),
            "namespace_foreign": bool(foreign),
            "cpu_percent": self._cpu(seen, started_s),
            "rss_kb": stat.rss_pages * _PAGE_KB,
            "threads": stat.threads,
            "unread": unread,
        }

    def _cpu(self, seen: Seen, started_s: float) -> float:
        lived = max(self._now_s - started_s, 1 / clock.TICKS)
        return round(100 * (seen.stat.utime + seen.stat.stime) / clock.TICKS / lived, 1)

    def _user(self, uid: int) -> str:
        if uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name
            except KeyError:
                self._users[uid] = str(uid)
        return self._users[uid]

    def _replaced(self, pid: int, name: str, path: bytes | None) -> bool:
        """Whether what the link leads to was deleted since; a program that was never a file (memfd) was not."""
        if path is None or not path.endswith(_DELETED) or path.startswith(b"/memfd:"):
            return False
        try:
            # A name may end in these words by itself: only what no directory lists any more is deleted.
            return os.stat(f"{self._proc.root}/{pid}/{name}").st_nlink == 0
        except OSError:
            return True


def _supervision(cgroup: bytes | None, foreign: bool) -> Json:
    unit = None if cgroup is None else unit_of(cgroup)
    manager = _MANAGER.search(cgroup) if cgroup is not None and unit is not None else None
    user = int(manager.group(1)) if manager is not None and not foreign else None
    key = None if unit is None or foreign else unit if user is None else f"{user}:{unit}"
    container = None if cgroup is None else container_of(cgroup)
    return {"unit": unit, "unit_user": user, "unit_key": key, "container": container}
