# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that show what runs of a Compose project, and how one of its containers was made. Private to the
collection. Pure.

What can hold a secret, such as a variable or the arguments, is shown as a digest.
"""

from __future__ import annotations

import json
import os
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.container_commands import (
    NETWORKS,
    image_now,
    inspect,
)

# What Compose looks for where no file is named.
_LOOKED_FOR = "\\( -name 'compose*.y*ml' -o -name 'docker-compose*.y*ml' \\)"
_LIST = "--filter label=com.docker.compose.service="
_ALIASES = "{{range $name, $one := .NetworkSettings.Networks}} {{$name}} {{json $one.Aliases}}{{end}}"
_SHOWN = {
    "image": "{{.Config.Image}}",
    "user": "{{.Config.User}}",
    "working_dir": "{{.Config.WorkingDir}}",
    "hostname": "{{.Config.Hostname}}",
    "privileged": "{{.HostConfig.Privileged}}",
    "read_only": "{{.HostConfig.ReadonlyRootfs}}",
    "tty": "{{.Config.Tty}}",
    "cap_add": "{{json .HostConfig.CapAdd}}",
    "cap_drop": "{{json .HostConfig.CapDrop}}",
    "ports": "{{json .HostConfig.PortBindings}}",
    "volumes": "{{json .Mounts}} {{json .HostConfig.Tmpfs}}",
    "networks": NETWORKS,
    "aliases": _ALIASES,
    "network_mode": "{{.HostConfig.NetworkMode}}",
    "restart": "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}",
    "memory": "{{.HostConfig.Memory}}",
    "cpus": "{{.HostConfig.NanoCpus}} billionths, {{.HostConfig.CpuQuota}} of {{.HostConfig.CpuPeriod}}",
    "pids": "{{json .HostConfig.PidsLimit}}",
    **{
        f"healthcheck.{key}": f"{{{{with .Config.Healthcheck}}}}{{{{.{field}}}}}{{{{end}}}}"
        for key, field in (
            *(("interval", "Interval"), ("timeout", "Timeout"), ("start_period", "StartPeriod")),
            *(("start_interval", "StartInterval"), ("retries", "Retries")),
        )
    },
}
_HIDDEN = {
    "command": "{{json .Config.Cmd}}",
    "entrypoint": "{{json .Config.Entrypoint}}",
    "healthcheck.test": "{{with .Config.Healthcheck}}{{json .Test}}{{end}}",
}

Json = t.Mapping[str, t.Any]


def command(check: Json, known: Json) -> str:
    """Return what shows what a check of a project is about; nothing where only files are compared.

    ``known`` has the ``ask`` of the engine's client and, of the contract, ``directory`` and ``files``.
    """
    project, subject, kind = plain(str(check["component"])), plain(str(check["subject"])), check["check"]
    ask = str(known.get("ask") or "docker")
    if not project or not subject:
        return ""
    if kind == "files":
        return _files(known)
    if kind in ("service", "scale", "extra"):
        one = "" if subject in (project, f"{project}/*") else f" {_LIST}{shlex.quote(subject)}"
        return live_commands.of_project(project, ask, one)
    if kind in ("setting", "stale"):
        name, _dot, key = _split(check)
        return _setting(name, key, ask) if kind == "setting" else _stale(check, name, known, ask)
    if kind == "image":
        image = inspect("{{.Config.Image}} {{.Image}}", [subject], ask)
        of = f"$({ask} inspect --type container --format '{{{{.Config.Image}}}}' -- {shlex.quote(subject)})"
        return f'{image}; {image_now("NAME", ask).removesuffix("NAME")}"{of}"'
    if kind == "names":
        ids = live_commands.of_project(project, ask).partition(" --format ")[0]
        return f"{ids} --quiet | xargs -r {inspect(_ALIASES, [], ask)}"
    return "" if kind == "reference" else live_commands.of_project(project, ask)


def _split(check: Json) -> tuple[str, str, str]:
    """Return the container of a check and the key that it is about: a name may have dots."""
    subject = str(check["subject"])
    for key in sorted(check["expected"] or {}):
        if subject.endswith(f".{key}"):
            return subject.removesuffix(f".{key}"), ".", key
    if check["outcome"] == "unknown":
        return subject.partition(".")
    return subject, "", ""


def _files(known: Json) -> str:
    folder = str(known.get("directory") or ".")
    shown = []
    for name in known.get("files") or ():
        path = plain(_placed(known, str(name)))
        if path is None:
            return ""
        shown.append(_word(path))
    if shown:
        return f"ls -l --time-style=full-iso -- {' '.join(shown)}"
    place = plain(folder)
    return f"find {_word(place)} -maxdepth 1 {_LOOKED_FOR} -printf '%t %M %p\\n'" if place else ""


def _placed(known: Json, name: str) -> str:
    """Return a file of a project below the root of its host."""
    return os.path.normpath(os.path.join(str(known.get("directory") or "."), name))


def _word(path: str) -> str:
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _setting(name: str, key: str, ask: str) -> str:
    group, _dot, variable = key.partition(".")
    if not key:
        every = ", ".join(f"{one} {_SHOWN[one]}" for one in ("image", "user", "restart", "memory", "cpus", "networks"))
        return inspect(every, [name], ask)
    if key in _SHOWN:
        return inspect(f"{key} {_SHOWN[key]}", [name], ask)
    if key in _HIDDEN:
        return f"{inspect(_HIDDEN[key], [name], ask)} | sha256sum"
    if group == "environment" and variable:
        return _variable(name, variable, ask)
    if group == "labels" and variable:
        return f"{inspect(f'{{{{index .Config.Labels {_go(variable)}}}}}', [name], ask)} | sha256sum"
    return inspect("{{.Config.Image}} {{.Created}}", [name], ask)


def _variable(name: str, variable: str, ask: str) -> str:
    """Return what tells whether a variable is set, and the digest of its value."""
    mine = f'{{{{range .Config.Env}}}}{{{{if eq (index (split . "=") 0) {_go(variable)}}}}}'
    end = "{{end}}{{end}}"
    is_set = inspect(f"{mine}has {{{{{_go(variable)}}}}}{end}", [name], ask)
    value = inspect(f"{mine}{{{{slice . {len(variable.encode()) + 1}}}}}{end}", [name], ask)
    return f"{is_set}; {value.replace('{{.Name}} ', '', 1)} | sha256sum"


def _stale(check: Json, name: str, known: Json, ask: str) -> str:
    made = inspect("made {{.Created}}", [name], ask)
    file = str((check["expected"] or {}).get("file") or "")
    path = plain(_placed(known, file)) if file else None
    return f"{made}; stat -c '%y %n' -- {_word(path)}" if path else made


def _go(text: str) -> str:
    """Return a text as a string of a Go template."""
    return json.dumps(text, ensure_ascii=False)
