# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small evidence of configurations and Compose projects, for the tests of what is compared across environments."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_across import checks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.config_seen import SeenConfigs
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.hosts import HostInputs

Json = dict[str, t.Any]
ROOT = "/srv/app"


def entry(rules: t.Mapping[str, str | None] | None = None, **more: t.Any) -> Json:
    """A normalised entry of the contract; ``rules`` are rule words by key or pattern."""
    keys = [{"key": key, "rule": rule} for key, rule in (rules or {}).items()]
    sources = {"path": ".env", "process": None, "unit": None, "container": None}
    return {
        "name": ".env",
        **sources,
        "keys": keys,
        "default": None,
        "severity": {},
        "translate": {},
        "secret": None,
        **more,
    }


def key(name: str, content: str, **more: t.Any) -> Json:
    """A key of the evidence with some content; its digest is that of it."""
    made = {
        "key": name,
        "line": 1,
        "type": "string",
        "secret": False,
        "value": content,
        "digest": hashlib.sha256(content.encode()).hexdigest(),
        "empty": not content,
        "placeholder": False,
        "weak": len(content) < 8,
        "hosts": [],
        "tests": {},
    }
    return {**made, **more}


def secret(name: str, content: str, **more: t.Any) -> Json:
    return key(name, content, **{"secret": True, "value": None, **more})


def config(*keys: Json, **more: t.Any) -> Json:
    """One entry of the evidence, of a file that was read."""
    made = {
        "name": ".env",
        "source": ".env",
        "kind": "path",
        "format": "env",
        "outcome": "ok",
        "reason": "",
        "secret": False,
        "path": ".env",
        "digest": None,
        "partial": "",
        "cut": 0,
        "duplicates": [],
        "keys": sorted(keys, key=lambda one: str(one["key"])),
        "readers": [],
        "reference": None,
    }
    return {**made, **more}


def inputs(
    environment: str, contract: t.Any, configs: t.Any = (), host: str = "", reason: str = "", **sections: Json
) -> HostInputs:
    """A host of an environment: ``configs`` are the entries of its evidence, ``reason`` says why there are none."""
    evidence = {name: {"outcome": "ok", "reason": "", "data": data} for name, data in sections.items()}
    seen = {"outcome": "unknown" if reason else "ok", "reason": reason, "data": {"now_s": 0, "configs": list(configs)}}
    entries = contract if isinstance(contract, list) else [contract]
    settings = {"root": ROOT, "contract": {"configs": entries}}
    return HostInputs(host or f"{environment}-1", environment, None, settings, None, {"configs": seen, **evidence})


def gathered(*hosts: HostInputs) -> SeenConfigs:
    seen = SeenConfigs()
    for host in hosts:
        seen.add(host, [], {})
    return seen


def brief(*hosts: HostInputs) -> list[tuple[str, str, str, str]]:
    """Return (host, check, subject, outcome) of the checks across the environments of these hosts."""
    return [(one.host, one.check, one.subject, one.outcome) for one in found(*hosts)]


def found(*hosts: HostInputs) -> list[Check]:
    return checks(gathered(*hosts))


def service(name: str, *variables: str, networks: t.Sequence[str] = ("bot_default",), **more: t.Any) -> Json:
    """A service of a Compose model; ``variables`` are the names in its environment."""
    made = {
        "name": name,
        "enabled": True,
        "container_name": None,
        "networks": [{"name": network, "external": False, "aliases": []} for network in networks],
        "extra_hosts": [],
        "env_files": [],
        "hosts": [],
        "settings": [],
        "unknown": [],
        "environment": [{"name": variable, "value": None, "digest": None} for variable in variables],
    }
    return {**made, **more}


def compose(*services: Json, **more: t.Any) -> Json:
    """The data of the section compose with one project, ``bot``."""
    model = {
        "partial": "",
        "broken": [],
        "files": [{"path": ".env", "kind": "env"}, {"path": "compose.yml", "kind": "compose"}],
        "services": list(services),
    }
    project = {
        "project": "bot",
        "directory": ".",
        "engine": {"reason": ""},
        "neighbours": [],
        "model": {**model, **more},
        "containers": {"items": [{"name": f"bot-{one['name']}-1", "service": one["name"]} for one in services]},
    }
    return {"now_s": 0, "projects": [project]}
