# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files of several environments as one base and an overlay for each. Private to the collection. Pure.

What all files say goes into the base, everything else into the overlays, so that base and overlay give what the file
gave: by the rules that Compose merges with, which is proven before anything is proposed.
"""

from __future__ import annotations

import posixpath
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.compose.merge import PAIRS, merge_maps, named
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import TAGS
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported, mapped
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import looks_secret, mask
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.composer import Tagged
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import YamlError, load
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.resolve import Timestamp
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import compose_text
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import OVERLAY, Json, Proposal, Seen, Step
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename, quoted

BASE = "compose.base.yaml"
ALL_HOSTS = "*"

_NAMED = frozenset({"networks", "depends_on"})
_REPLACED = frozenset({"command", "entrypoint", "test", "profiles"})
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::?\?[^}]*)?\}|\$[A-Za-z_][A-Za-z0-9_]*")
_NOTHING = object()


def overlays(all_seen: t.Iterable[Seen]) -> list[Proposal]:
    """Return a base and overlays for each project that environments have a Compose file of their own for."""
    found: dict[tuple[str, str], dict[str, tuple[str, bytes]]] = {}
    for seen in all_seen:
        for entry in seen.contract.get("compose") or []:
            if len(entry["files"]) != 1 or seen.repository is None:
                continue
            place = posixpath.join(seen.root, entry["directory"], entry["files"][0])
            # The top of the repository is the root of the host.
            path = posixpath.relpath(place, seen.root)
            content = seen.committed(path)
            if content is not None:
                found.setdefault((seen.repository, entry["project"]), {})[seen.environment] = (path, content)
    made = [_proposal(project, files) for (_repository, project), files in sorted(found.items())]
    return [one for one in made if one is not None]


def _proposal(project: str, files: t.Mapping[str, tuple[str, bytes]]) -> Proposal | None:
    if len(files) < 2 or len({path for path, _content in files.values()}) < len(files):
        return None
    read = {environment: _read(content) for environment, (_path, content) in files.items()}
    documents = {environment: one for environment, one in read.items() if one is not None}
    if len(documents) < len(files) or any(map(_holds_secret, documents.values())):
        return None
    parts = split(documents)
    if parts is None:
        return None
    base, rest = parts
    texts = {BASE: base, **{f"compose.{filename(environment)}.yaml": one for environment, one in rest.items()}}
    if len(texts) <= len(files):
        return None
    written = {name: written_text(one) for name, one in texts.items()}
    if any(load(text.encode("utf-8")) != texts[name] for name, text in written.items()):
        return None
    told = ", ".join(f"{path} ({environment})" for environment, (path, _content) in sorted(files.items()))
    return Proposal(
        kind=OVERLAY,
        subject=project,
        host=ALL_HOSTS,
        title=f"One base and {len(rest)} overlays for the Compose project {project}",
        what=(
            f"The files {told} say much of the same. What all of them say stands once, in {BASE}, and what differs in "
            "an overlay for each environment: base and overlay give the same as the file before."
        ),
        files=written,
        notes=("comments of the files are not in these: bring over what is worth keeping",),
        review=tuple(
            Step(
                f"For {environment}, with these files in the project's directory, nothing differs:",
                (
                    f"diff <(docker compose -f {quoted(posixpath.basename(path))} config) "
                    f"<(docker compose -f {BASE} -f {quoted(f'compose.{filename(environment)}.yaml')} config)",
                ),
            )
            for environment, (path, _content) in sorted(files.items())
        ),
        apply=(
            Step("Commit the files in place of the old ones, and name both in the contract of each environment:"),
            *(
                Step(f"{environment}: files: [{BASE}, compose.{filename(environment)}.yaml]")
                for environment in sorted(files)
            ),
            Step("Deploy, and start the project with both files."),
        ),
        undo=(Step("Revert that commit."),),
    )


def _read(content: bytes) -> Json | None:
    """Return a file's content, None for one that is not split: broken, or with tags of its own."""
    try:
        value = load(content, TAGS)
    except YamlError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("services"), dict) or not _plain(value):
        return None
    return value


def _plain(value: t.Any) -> bool:
    if isinstance(value, (Tagged, Timestamp)):
        return False
    if isinstance(value, dict):
        return all(isinstance(name, str) and _plain(one) for name, one in value.items())
    return all(map(_plain, value)) if isinstance(value, list) else True


def _holds_secret(value: t.Any, key: str = "") -> bool:
    """Whether a file holds what looks like a secret, and not just the name of a variable for one."""
    if isinstance(value, dict):
        return any(_holds_secret(one, name) for name, one in value.items())
    if isinstance(value, list):
        return any(_holds_secret(one, key) for one in value)
    if not isinstance(value, str):
        return False
    bare = _VARIABLE.sub("", value)
    name, sign, rest = bare.partition("=")
    return (
        (looks_secret(key) and bare != "") or (sign != "" and looks_secret(name) and rest != "") or mask(bare) != bare
    )


def split(documents: t.Mapping[str, Json]) -> tuple[Json, dict[str, Json]] | None:
    """Return the base of several files and what each has besides, None where that would not give what they gave."""
    try:
        plain = {name: _canonical(one, "") for name, one in documents.items()}
        base = _common(list(plain.values()))
        if not isinstance(base, dict) or not any((base.get("services") or {}).values()):
            return None
        rest = {name: _rest(one, base) or {"services": {}} for name, one in plain.items()}
        if any(_canonical(merge_maps(base, rest[name]), "") != one for name, one in plain.items()):
            return None
    except Unsupported:
        return None
    return base, rest


def _canonical(value: t.Any, key: str) -> t.Any:
    """Return a value with lists of pairs and of names as the maps that they stand for. Raises Unsupported."""
    if key in PAIRS and value is not None:
        return dict(mapped(value))
    if key in _NAMED and isinstance(value, list):
        value = named(value)
    if isinstance(value, dict):
        return {name: _canonical(one, name) for name, one in value.items()}
    return value


def _common(values: t.Sequence[t.Any], key: str = "") -> t.Any:
    first = values[0]
    if all(one == first and type(one) is type(first) for one in values):
        return first
    if key in _REPLACED or not all(isinstance(one, dict) for one in values):
        return _NOTHING
    names = [name for name in first if all(name in one for one in values)]
    found = {name: _common([one[name] for one in values], name) for name in names}
    return {name: one for name, one in found.items() if one is not _NOTHING} or _NOTHING


def _rest(value: Json, base: Json) -> Json:
    made: Json = {}
    for name, one in value.items():
        if name not in base:
            made[name] = one
        elif isinstance(one, dict) and one != base[name]:
            made[name] = _rest(one, base[name])
    return made


def written_text(content: Json) -> str:
    """Return a file of plain values, in which variables stay as they are written."""
    return compose_text.document(_tokens(content))


def _tokens(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _tokens(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_tokens(one) for one in value]
    if isinstance(value, str):
        return compose_text.as_written(value)
    return compose_text.Token(repr(value)) if isinstance(value, float) else value
