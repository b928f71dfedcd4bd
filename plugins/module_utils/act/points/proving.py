# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves a restore point without using it: images are the images, the commit is there, Compose files can be read.

Nothing is changed, and no engine is asked. Private to the collection.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import images, levels, verify
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.disk import read_member
from ansible_collections.evenkeel.drift.plugins.module_utils.act.points.errors import Damaged
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.parser import load
from ansible_collections.evenkeel.drift.plugins.module_utils.yaml.source import YamlError

Json = t.Dict[str, t.Any]

_HEADER = 1 << 20
_COMPOSE = 4 << 20
_TAGS = ("!override", "!reset")


def prove(document: Json, level: str, objects_fd: int, host: Host) -> list[str]:
    """Return sentences about what was proven besides that every byte is there. Raises Damaged with what is wrong."""
    proven = _commit(document, objects_fd) if level != levels.CONTAINERS else []
    if levels.containers(document, level):
        proven += _images(document, objects_fd, host)
        proven += _recipes(document, objects_fd)
        proven += _compose(document, objects_fd)
    volumes = levels.volumes(document, level)
    if volumes:
        count = sum(len(one["entries"]) for one in volumes)
        several = "volumes" if len(volumes) > 1 else "volume"
        proven.append(f"{len(volumes)} {several} with {count} paths can be read")
    return proven


def _commit(document: Json, objects_fd: int) -> list[str]:
    git = document["git"]
    bundle = git.get("objects", {}).get("bundle")
    if bundle is None or not git.get("commit"):
        return []
    fd = verify.open_object(objects_fd, bundle["sha256"])
    try:
        head = os.pread(fd, _HEADER, 0).partition(b"\n\n")[0].split(b"\n")
    finally:
        os.close(fd)
    commits = {line.split(b" ")[0] for line in head[1:] if not line.startswith((b"-", b"@"))}
    if not head[0].startswith(b"# v") or git["commit"].encode("ascii") not in commits:
        raise Damaged(f"the bundle of the repository does not hold the commit {git['commit'][:12]}")
    return [f"the bundle of the repository holds the commit {git['commit'][:12]}"]


def _images(document: Json, objects_fd: int, host: Host) -> list[str]:
    archived = [one for one in document["services"]["images"] if one["archive"] is not None]
    for one in archived:
        host.check_time()
        fd = verify.open_object(objects_fd, one["archive"]["sha256"])
        try:
            reason = images.mismatch(fd, one["id"])
        finally:
            os.close(fd)
        if reason:
            raise Damaged(f"the archive of the image {one['id'][:19]} cannot be used: {reason}")
    return [f"{len(archived)} image archives open and hold the images that they are to hold"] if archived else []


def _recipes(document: Json, objects_fd: int) -> list[str]:
    part = document["services"]
    for one in [*part["containers"], *part["networks"]]:
        try:
            json.loads(read_member(objects_fd, one["recipe"]["sha256"].encode("ascii"), verify.SMALL))
        except (ValueError, RecursionError):
            raise Damaged(f"how {one['name']} is made cannot be read") from None
    return []


def _compose(document: Json, objects_fd: int) -> list[str]:
    found = 0
    for one in levels.entries(document, levels.CONTAINERS):
        if one["type"] != "file" or not one["path"].endswith((".yml", ".yaml")):
            continue
        content = read_member(objects_fd, one["sha256"].encode("ascii"), _COMPOSE)
        try:
            load(content, _TAGS)
        except (YamlError, Unseen) as error:
            raise Damaged(f"{one['path']} cannot be read: {error}") from None
        found += 1
    return [f"{found} Compose files can be read"] if found else []
