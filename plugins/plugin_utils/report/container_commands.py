# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show of a container what its check judged, and nothing else. Private to the collection. Pure.

All of ``docker inspect`` would have the values of environment variables, on the terminal of whoever repeats it; the
arguments, the output of health checks and the options of a log driver can hold secrets as well.
"""

from __future__ import annotations

import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.containers import ENGINE

Json = t.Mapping[str, t.Any]
Plain = t.Callable[[str], t.Optional[str]]

NETWORKS = "{{range $name, $one := .NetworkSettings.Networks}} {{$name}}{{end}}"
_RUNS = (
    "{{.State.Status}} since {{.State.StartedAt}}, exit code {{.State.ExitCode}} at {{.State.FinishedAt}}, "
    "{{.RestartCount}} restarts, restart policy {{.HostConfig.RestartPolicy.Name}}"
)
_FIELDS = {
    "running": _RUNS,
    "health": "{{.State.Status}}, {{if .State.Health}}{{.State.Health.Status}}, failed {{.State.Health.FailingStreak}} "
    "times in a row{{else}}no health check{{end}}",
    "oom": "out of memory: {{.State.OOMKilled}}, exit code {{.State.ExitCode}}, memory limit {{.HostConfig.Memory}}",
    "restarts": "{{.RestartCount}} restarts, made {{.Created}}",
    "image_current": "{{.Config.Image}} {{.Image}}",
    "image": "{{.Config.Image}} {{.Image}}",
    "exposed": "{{json .NetworkSettings.Ports}}",
    "port": "{{.State.Status}} {{json .HostConfig.PortBindings}}",
    "compose": 'project {{index .Config.Labels "com.docker.compose.project"}}, '
    'service {{index .Config.Labels "com.docker.compose.service"}}',
    "present": "{{.State.Status}}",
    "networks": f"networks{NETWORKS}",
    "user": "user {{.Config.User}}",
    "declared": "{{.Config.Image}} {{.State.Status}}, made {{.Created}}",
}
_USED = ("memory", "memory_limit")
_ALL = "ps --all --format '{{.Names}} {{.Image}} {{.Status}}'"
_VERSION = "version --format '{{.Server.Version}}'"
_DEFAULTS = ("/var/run/docker.sock", "/run/docker.sock")
_PODMAN = ("/run/podman/podman.sock", "/var/run/podman/podman.sock")
_PER_CALL = 50


def client(engine: Json) -> str:
    """Return the client of an engine (``kind``, ``socket``), which asks the one that was observed."""
    kind, socket = str(engine.get("kind") or "docker"), str(engine.get("socket") or "")
    if kind == "podman":
        return "podman" if socket in ("", *_PODMAN) else f"podman --url {shlex.quote(f'unix://{socket}')}"
    return "docker" if socket in ("", *_DEFAULTS) else f"docker -H {shlex.quote(f'unix://{socket}')}"


def everything(ask: str = "docker") -> str:
    """Return what lists all containers, without their commands."""
    return f"{ask} {_ALL}"


def command(checks: t.Sequence[Json], plain: Plain, ask: str = "docker") -> str:
    """Return what shows what some checks of containers are about, those of one kind together; nothing when no line can
    show their names. ``ask`` is the `client` of their engine.
    """
    made: set[str] = set()
    kinds: dict[str, dict[str, list[Json]]] = {}
    for one in checks:
        name = plain(str(one["component"]))
        if name is None:
            continue
        if _is_whole(one):
            made.add(f"{ask} {_VERSION}" if one["check"] == "engine" else everything(ask))
        else:
            kinds.setdefault(one["check"], {}).setdefault(name, []).append(one)
    shown = sorted(made)
    for kind, named in sorted(kinds.items()):
        chosen = sorted(named.items())[:_PER_CALL]
        if kind == "layer":
            shown += [_changed(name, mine, plain, ask) for name, mine in chosen]
            continue
        shown.append(_shown(kind, [name for name, _mine in chosen], ask))
        shown += [more for _name, mine in chosen for one in mine for more in _besides(kind, one, plain, ask)]
    return "; ".join(dict.fromkeys(shown))


def inspect(fields: str, names: t.Sequence[str], ask: str = "docker") -> str:
    """Return what shows some fields of containers, each on a line that begins with its name."""
    asked = shlex.quote(f"{{{{.Name}}}} {fields}")
    return f"{ask} inspect --type container --format {asked} -- {' '.join(map(shlex.quote, names))}"


def image_now(name: str, ask: str = "docker") -> str:
    """Return what shows which image a name leads to now."""
    return f"{ask} image inspect --format '{{{{.Id}}}} {{{{json .RepoDigests}}}}' -- {shlex.quote(name)}"


def _is_whole(check: Json) -> bool:
    """Return whether a check is about the engine, and not about a container of that name."""
    subject = str(check["subject"])
    return str(check["component"]) == ENGINE and not (subject == ENGINE or subject.startswith(f"{ENGINE}:"))


def _shown(kind: str, names: t.Sequence[str], ask: str) -> str:
    if kind in _USED:
        quoted = " ".join(map(shlex.quote, names))
        return f"{ask} stats --no-stream --format '{{{{.Name}}}} {{{{.MemUsage}}}}' -- {quoted}"
    # What compares figures has no kind of its own.
    return inspect(_FIELDS.get(kind, _RUNS), names, ask)


def _changed(name: str, checks: t.Sequence[Json], plain: Plain, ask: str) -> str:
    """Return what lists the changed files of a container, or the one that a check is about."""
    shown = f"{ask} diff -- {shlex.quote(name)}"
    path = plain(str(checks[0]["subject"]).partition(":")[2]) if len(checks) == 1 else None
    if not path:
        return shown
    lines = " ".join(f"-e {shlex.quote(f'{kind} {path}')}" for kind in "ACD")
    return f"{shown} | grep -Fx {lines}"


def _besides(kind: str, check: Json, plain: Plain, ask: str) -> t.Iterator[str]:
    """Yield what else a check was compared with: the image of a name, who holds a port."""
    if kind == "image_current":
        name = plain(str((check["observed"] or {}).get("name") or ""))
        if name:
            yield image_now(name, ask)
    elif kind == "image" and "sha256:" in str((check["expected"] or {}).get("image")):
        # By its digest, of which the container itself says nothing.
        name = plain(str(check["component"]))
        of = f"$({ask} inspect --type container --format '{{{{.Image}}}}' -- {shlex.quote(name or '')})"
        yield f"{ask} image inspect --format '{{{{json .RepoDigests}}}}' -- \"{of}\""
    elif kind == "port":
        bound = ((check["expected"] or {}).get("bound") or {}).get("host_port")
        if isinstance(bound, int):
            yield f"ss -ltnup 'sport = :{bound}'"
