# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands by which findings about what runs on a host are checked by hand. Private to the collection."""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import container_commands, stream_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.asking import asking
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import literal

_UNIT = "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,NRestarts"
_LINES = 10
_PROJECT = "label=com.docker.compose.project="
# What shows all of a section, whatever is wrong in it.
_WHOLE = {
    "processes": "ps -eo pid,ppid,lstart,user:16,time,rss,comm",
    "ports": "ss -ltnup",
    "resources": "uptime; free -m; df -P; df -Pi; date -u",
}
SECTIONS = (
    *("processes", "ports", "units", "containers", "compose", "packages", "configs", "resources", "streams"),
    "endpoints",
)


def commands(findings: t.Sequence[Json], plain: t.Callable[[str], str | None]) -> list[tuple[str, str]]:
    """Return comments and commands for one host's findings of these sections.

    ``plain`` returns a name as a shell gets it, or None when a line cannot show it.
    """
    made = []
    for section in SECTIONS:
        mine = [one for one in findings if one["section"] == section and one["outcome"] == "fail"]
        named = literal if section == "units" else plain
        names = sorted({name for one in mine if (name := named(str(one["component"]))) is not None})
        if names:
            special = _BY_FINDING.get(section)
            command = special(mine, plain) if special else _command(section, names)
            if command:
                made.append((f"# {section}: {', '.join(names)}", command))
    return made


def _answers(findings: t.Sequence[Json], plain: t.Callable[[str], str | None]) -> str:
    """Return what asks the endpoints once more that the host itself asked; one that could change something is not."""
    made: dict[tuple[str, str], str] = {}
    for one in findings:
        expected = one.get("expected") or {}
        if (expected.get("method"), expected.get("from")) == ("GET", "host"):
            found = asking(expected, plain)
            if found is not None:
                made[str(expected["url"]), found.command] = found.command
    return "; ".join(made[key] for key in sorted(made))


def _streams(findings: t.Sequence[Json], plain: t.Callable[[str], str | None]) -> str:
    """Return what looks at the streams once more, and at who listens for the findings about servers."""
    made: set[str] = set()
    for one in findings:
        expected = one.get("expected") or {}
        address, stream = plain(stream_commands.redis_server(expected)), plain(str(expected.get("stream") or ""))
        if address and stream:
            ask, name = stream_commands.redis_cli(address, expected, plain), shlex.quote(stream)
            made.add(f"{ask} XLEN {name}; {ask} XINFO GROUPS {name}")
        else:
            made.add("ss -ltnp")
    return "; ".join(sorted(made))


def _configs(findings: t.Sequence[Json], plain: t.Callable[[str], str | None]) -> str:
    """Return what tells by digests, and no value, whether a file or a line of it is the one of another place."""
    made: dict[str, set[int]] = {}
    for one in findings:
        path = plain(str((one.get("expected") or {}).get("path") or ""))
        if path and MARK not in path:
            line = (one.get("observed") or {}).get("line")
            made.setdefault(path, set()).update([line] if isinstance(line, int) else [])
    commands = []
    for path, lines in sorted(made.items()):
        name = shlex.quote(f"./{path}" if path.startswith("-") else path)
        commands.append(f"stat -c '%y %a %U %n' -- {name}; sha256sum -- {name}")
        commands += [f"sed -n {line}p -- {name} | sha256sum" for line in sorted(lines)[:_LINES]]
    return "; ".join(commands)


_BY_FINDING: dict[str, t.Callable[[t.Sequence[Json], t.Callable[[str], str | None]], str]] = {
    "configs": _configs,
    "containers": container_commands.command,
    "endpoints": _answers,
    "streams": _streams,
}


def _command(section: str, names: t.Sequence[str]) -> str:
    if section == "units":
        return f"systemctl --no-pager show --property={_UNIT} -- {' '.join(map(shlex.quote, names))}"
    if section == "compose":
        return "; ".join(of_project(name) for name in names)
    if section == "packages":
        return "; ".join(map(installed, names))
    return _WHOLE[section]


def of_project(name: str, ask: str = "docker", more: str = "") -> str:
    """Return what lists the containers of a Compose project, without their commands."""
    shown = "--format '{{.Names}} {{.Image}} {{.Status}}'"
    return f"{ask} ps --all --filter {shlex.quote(_PROJECT + name)}{more} {shown}"


def installed(component: str) -> str:
    """Return what lists the packages of a virtual environment, or of the system's package manager."""
    if component == "dpkg":
        return "dpkg-query -W"
    if component == "rpm":
        return "rpm -qa"
    # The folder itself may be a link; lib64 in it mostly is one, and would tell each package twice.
    place = shlex.quote(f"{'./' if component.startswith('-') else ''}{component}/")
    return f"find {place} -maxdepth 4 -path '*/lib*/python3*/site-packages/*-info'"
