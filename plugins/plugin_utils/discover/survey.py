# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen running on a host, and where applications live on it. Private to the collection."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.unit_names import is_service

Json = dict[str, t.Any]

# Directories of the system: what lies in them belongs to packages, not to an application.
_SYSTEM = re.compile(
    r"/(?:(?:bin|sbin|lib[^/]*|etc|proc|sys|dev|run|boot|snap)(?:/.*)?"
    r"|usr/(?:local/)?(?:bin|sbin|lib[^/]*|libexec|share|games|include)(?:/.*)?"
    r"|var/(?:lib|run|cache|spool|log|tmp|mail|backups)(?:/.*)?"
    r"|usr|usr/local|var|srv|opt|tmp|home|root|home/[^/]+|mnt|media)?"
)
# Who looks at an application, works on it, or runs this audit.
_TOOLS = re.compile(
    r"(?:ba|z|fi|da|k|tc|c)?sh|su|sudo|sshd.*|ssh|scp|rsync|tmux.*|screen|login|agetty|vim?|nano|emacs|less|more|man"
    r"|tail|watch|top|htop|git|make|strace|gdb|pytest|ansible.*|code|systemd.*|\(sd-pam\)|dbus.*|dockerd|containerd.*"
)
_INTERPRETER = re.compile(r"(?:python|pypy|perl|ruby|node|nodejs|php|lua|java|bash|sh|dash)[0-9.]*")
_AUDIT = re.compile(r"(?:^|[/ ])ansible(?:-[a-z]+)?(?: |$)|ansible_collections/|[/]\.ansible/")


@dataclasses.dataclass
class Survey:
    """What one look at a host gave: the evidence data of processes and ports (None: not seen), markers by directory,
    and sentences about what could not be seen.
    """

    processes: Json | None = None
    ports: Json | None = None
    places: Json = dataclasses.field(default_factory=dict)
    unseen: list[str] = dataclasses.field(default_factory=list)

    def running(self) -> list[Json]:
        """Return the processes, by pid."""
        return sorted(self.processes["processes"], key=lambda one: int(one["pid"])) if self.processes else []


def beneath(path: str, root: str) -> bool:
    """Return whether an absolute path is ``root`` or lies below it."""
    return path == root or path.startswith(root.rstrip("/") + "/")


def is_system(path: str) -> bool:
    """Return whether a directory is part of the system, or only holds other people's directories."""
    return _SYSTEM.fullmatch(path) is not None


def not_of_an_application(process: Json) -> str:
    """Return why a process is no part of an application, or nothing."""
    argv = process["argv"]
    if process["container"] or process["namespace_foreign"]:
        return "runs in a container"
    if not argv or process["state"] in ("Z", "X"):
        return "a kernel thread or a process that has ended"
    if _TOOLS.fullmatch(process["name"]):
        return "a shell or a tool"
    if len(argv) == 1 and _INTERPRETER.fullmatch(posixpath.basename(argv[0])):
        return "an interpreter without a program"
    if _AUDIT.search(process["command"]):
        return "part of an audit"
    return ""


def directories(process: Json) -> list[str]:
    """Return the directories that a process comes from, the most telling first, none of them the system's."""
    found = []
    for path in (process["cwd"], *_programs(process), process["venv"]):
        if path and path.startswith("/") and not path.endswith(" (deleted)"):
            folder = posixpath.normpath(path)
            if folder not in found and not is_system(folder):
                found.append(folder)
    return found


def _programs(process: Json) -> list[str]:
    """Return the directories of the first script among the arguments and of the program. An interpreter lies where it
    was installed, which tells nothing.
    """
    words = [word for word in (*process["argv"][:2], process["exe"] or "") if word.startswith("/")]
    return [posixpath.dirname(word) for word in words if not _INTERPRETER.fullmatch(posixpath.basename(word))]


def above(path: str) -> list[str]:
    """Return a directory and those above it that can be an application's, the deepest first."""
    found = []
    while not is_system(path) and path != "/":
        found.append(path)
        path = posixpath.dirname(path)
    return found


def wanted_places(survey: Survey, root: str | None) -> list[str]:
    """Return the directories whose markers tell where applications live."""
    found = {root} if root else set()
    for process in survey.running():
        if not not_of_an_application(process):
            for folder in directories(process):
                found.update(above(folder))
    return sorted(found)


def root_of(process: Json, places: t.Mapping[str, Json]) -> str | None:
    """Return where the application of a process lives: the work tree that it is in, else the directory of its virtual
    environment, else the one that it works in.
    """
    found = directories(process)
    for folder in found:
        for candidate in above(folder):
            if ".git" in places.get(candidate, {}).get("markers", ()):
                return candidate
    venv: str | None = process["venv"]
    for folder in found:
        # A virtual environment beside the code, and the code itself, are one application.
        if venv and posixpath.dirname(venv) in (folder, posixpath.dirname(folder)) and folder != venv:
            return posixpath.dirname(venv) if not is_system(posixpath.dirname(venv)) else folder
    if found and found[0] != venv:
        return found[0]
    return posixpath.dirname(venv) if venv and not is_system(posixpath.dirname(venv)) else None


def roots(survey: Survey) -> dict[str, list[Json]]:
    """Return the processes of each application, by its root. A root below another is part of that one."""
    found: dict[str, list[Json]] = {}
    for process in survey.running():
        if not not_of_an_application(process):
            root = root_of(process, survey.places)
            if root is not None and _is_service(process, survey):
                found.setdefault(root, []).append(process)
    joined: dict[str, list[Json]] = {}
    for root in sorted(found):
        top = next((known for known in joined if beneath(root, known)), root)
        joined.setdefault(top, []).extend(found[root])
    return joined


def members(survey: Survey, root: str) -> list[Json]:
    """Return the processes of the application at ``root``."""
    return [
        process
        for process in survey.running()
        if not not_of_an_application(process) and any(beneath(folder, root) for folder in directories(process))
    ]


def _is_service(process: Json, survey: Survey) -> bool:
    """Return whether a process is there to stay: it listens, or something supervises it, or it is nobody's child."""
    if is_service(process["unit"]):
        return True
    listeners = survey.ports["listeners"] if survey.ports else []
    return process["ppid"] in (0, 1) or any(one["pid"] == process["pid"] for one in listeners)
