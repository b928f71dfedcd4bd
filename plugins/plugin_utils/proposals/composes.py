# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files for containers that were started by hand. Private to the collection. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals import (
    compose_steps,
    compose_text,
    container_seen,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.compose_text import Filler, literal, variable
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import (
    COMPOSE,
    Json,
    Proposal,
    Seen,
    reasons,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.unit_words import comment

_CUT = 300
_PORT = re.compile(r"(?:(?P<host>\[[^\]]+\]|[^:\[\]]+):)?(?P<outer>\*|[0-9]+)->(?P<inner>[0-9]+)/(?P<proto>[a-z]+)")
_ANONYMOUS = re.compile("[0-9a-f]{64}")
# The engine's own networks, which no file has to name.
_MODES = ("bridge", "default", "host", "none", "nat", "slirp4netns", "pasta")


def composes(seen: Seen) -> list[Proposal]:
    """Return a Compose file for each container that belongs to no project, and should."""
    data = seen.section("containers")
    if data is None:
        return []
    by_name = {one["name"]: one for one in data["containers"]}
    made = []
    for one in data.get("outside", []):
        why = [w for w in seen.found("containers", "compose") if w["subject"] == one["name"]]
        if why and not one["reason"] and one["name"] in by_name and container_seen.is_whole(one):
            tool = "podman" if data["engine"]["kind"] == "podman" else "docker"
            made.append(_Made(by_name[one["name"]], one, seen, tool).proposal(why))
    return made


class _Made:
    """One Compose file in the making."""

    def __init__(self, record: Json, made: Json, seen: Seen, tool: str) -> None:
        self._tool = tool
        self._record = record
        self._seen = seen
        self._unsaid: list[str] = made["unsaid"]
        self._running = {one["key"]: one for one in made["settings"]}
        self._pairs = {kind: made[kind] for kind in ("environment", "labels")}
        given = made["defaults"]
        self._image = {} if given is None else {one["key"]: one for one in given["settings"]}
        self._image_pairs = {
            kind: {} if given is None else {one["name"]: one["digest"] for one in given[kind]}
            for kind in ("environment", "labels")
        }
        self._fill = Filler()
        self._notes: list[str] = []
        if given is None:
            self._notes.append(
                f"what its image gives it is not known, so the file says everything: {made['defaults_reason']}"
            )

    def proposal(self, why: t.Sequence[Json]) -> Proposal:
        name, identity = self._record["name"], self._record["id"][:12]
        content = self._document()
        self._doubts()
        return Proposal(
            kind=COMPOSE,
            subject=name,
            host=self._seen.host,
            title=f"A Compose file for the container {name}",
            what=(
                f"{name} was started by hand on {self._seen.host}, or by something that is not known: nothing says how "
                "to make it again. The file makes it as it runs."
            ),
            why=reasons(why),
            files={compose_steps.FILE: compose_text.document(content), **self._example()},
            notes=tuple(self._notes),
            review=compose_steps.review(self._tool, identity),
            apply=compose_steps.apply(self._tool, identity, name, bool(self._fill.about)),
            undo=compose_steps.undo(self._tool, identity, name, self._restart()),
        )

    def _document(self) -> Json:
        """Return the whole file. Networks and volumes that are there are joined, never made."""
        service = self._service()
        networks, volumes = self._networks(service), self._volumes(service)
        made: Json = {
            "name": literal(_project(self._record["name"])),
            "services": {filename(self._record["name"]): service},
        }
        for kind, names in (("networks", networks), ("volumes", volumes)):
            if names:
                made[kind] = {one: {"name": literal(one), "external": True} for one in names}
        return made

    def _service(self) -> Json:
        made: Json = {"image": self._text("image"), "container_name": literal(self._record["name"])}
        entrypoint, command = self._value("entrypoint"), self._value("command")
        if self._own("entrypoint"):
            made["entrypoint"] = self._list("entrypoint")
            if not entrypoint:
                self._notes.append(
                    "its image has an entrypoint, and it runs without: Compose may not take the empty one"
                )
        if command and (self._own("command") or self._own("entrypoint")):
            made["command"] = self._list("command")
        made.update({key: self._text(key) for key in ("user", "working_dir") if self._own(key) and self._value(key)[0]})
        hostname = self._value("hostname")[0]
        if hostname not in ("", self._record["id"][:12]) and self._record["network_mode"] != "host":
            made["hostname"] = self._text("hostname")
        made.update({key: True for key in ("privileged", "read_only", "tty") if self._value(key) == ["true"]})
        made.update({key: self._list(key) for key in ("cap_add", "cap_drop") if self._value(key)})
        if self._restart() != "no":
            made["restart"] = literal(self._restart())
        for key, name in (("memory", "mem_limit"), ("cpus", "cpus"), ("pids", "pids_limit")):
            if self._value(key)[0] != "0":
                made[name] = literal(self._value(key)[0]) if key == "cpus" else int(self._value(key)[0])
        made.update(self._healthcheck())
        made.update(self._environment())
        made.update(self._labels())
        ports = [port for port in map(self._port, self._value("ports")) if port]
        return {**made, "ports": ports} if ports else made

    def _value(self, key: str) -> list[str]:
        value: list[str] = self._running[key]["value"]
        return value

    def _own(self, key: str) -> bool:
        """Whether a container has something that its image does not give it."""
        given = self._image.get(key)
        if given is None:
            return self._value(key) not in ([], [""], ["0"], ["0s"])
        return bool(given["digests"] != self._running[key]["digests"])

    def _text(self, key: str) -> t.Any:
        return self._fill.text(self._value(key)[0], f"{key} of {self._record['name']}")

    def _list(self, key: str) -> list[t.Any]:
        words = self._value(key)
        return [self._fill.text(word, f"word {at} of {key}") for at, word in enumerate(words, start=1)]

    def _restart(self) -> str:
        return self._value("restart")[0]

    def _healthcheck(self) -> Json:
        keys = [key for key in self._running if key.startswith("healthcheck.")]
        if not any(map(self._own, keys)):
            return {}
        if self._value("healthcheck.test") == ["NONE"]:
            return {"healthcheck": {"disable": True}}
        made: Json = {}
        if self._value("healthcheck.test"):
            made["test"] = self._list("healthcheck.test")
        for name in container_seen.TIMES:
            value = self._value(f"healthcheck.{name}")[0]
            if value not in ("0", "0s"):
                made[name] = literal(value)
        if self._value("healthcheck.retries")[0] != "0":
            made["retries"] = int(self._value("healthcheck.retries")[0])
        return {"healthcheck": made} if made else {}

    def _environment(self) -> Json:
        """Return the variables that are not the image's: their values are read by nobody, and filled in on the host."""
        given = self._image_pairs["environment"]
        own = [one for one in self._pairs["environment"] if given.get(one["name"]) != one["digest"]]
        made = {one["name"]: variable(self._fill.name(f"the variable {one['name']}", one["name"])) for one in own}
        return {"environment": made} if made else {}

    def _labels(self) -> Json:
        given = self._image_pairs["labels"]
        own = [one for one in self._pairs["labels"] if given.get(one["name"]) != one["digest"]]
        made = {one["name"]: self._fill.text(one["value"] or "", f"the label {one['name']}") for one in own}
        return {"labels": made} if made else {}

    def _port(self, said: str) -> Json:
        found = _PORT.fullmatch(said)
        if found is None:
            self._notes.append(f"a port in a form that is not known, which is left out: {said}")
            return {}
        made: Json = {"target": int(found["inner"]), "protocol": literal(found["proto"])}
        if found["host"]:
            made["host_ip"] = literal(found["host"].strip("[]"))
        return made if found["outer"] == "*" else {**made, "published": literal(found["outer"])}

    def _networks(self, service: Json) -> list[str]:
        """Add how a service is reached, and return the networks that the file names."""
        mode: str = self._record["network_mode"]
        names = self._value("networks")
        if mode in _MODES or mode.startswith("container:") or not names:
            service["network_mode"] = literal("bridge" if mode in ("default", "") else mode)
            if mode.startswith("container:"):
                self._notes.append(
                    "it uses the network of another container: name that one as a service of the same file"
                )
            return []
        own = {self._record["id"][:12], self._record["name"]}
        service["networks"] = {}
        for name in names:
            aliases = [one.partition(":")[2] for one in self._value("aliases") if one.startswith(f"{name}:")]
            more = [literal(one) for one in aliases if one not in own]
            service["networks"][name] = {"aliases": more} if more else {}
        return names

    def _volumes(self, service: Json) -> list[str]:
        """Add the mounts of a service, and return the volumes that the file names."""
        named: list[str] = []
        made: list[Json] = []
        for one in self._record["mounts"]:
            where = {"target": literal(one["target"]), **({"read_only": True} if one["read_only"] else {})}
            if one["type"] == "bind":
                made.append({"type": literal("bind"), "source": literal(one["source"]), **where})
            elif one["type"] == "tmpfs":
                made.append({"type": literal("tmpfs"), "target": literal(one["target"])})
            elif one["type"] == "volume" and one["name"] and not _ANONYMOUS.fullmatch(one["name"]):
                named.append(one["name"])
                made.append({"type": literal("volume"), "source": literal(one["name"]), **where})
            elif one["type"] == "volume":
                self._notes.append(
                    f"what is in {one['target']} lies in a volume without a name, {(one['name'] or '?')[:12]}, and the "
                    "new container gets an empty one: bring what is wanted to a named volume first"
                )
            else:
                self._notes.append(f"the mount of {one['target']} is of a kind that is left out: {one['type']}")
        if made:
            service["volumes"] = made
        return sorted(set(named))

    def _doubts(self) -> None:
        image = self._record["image"]
        if image["now"] is not None and image["now"] != image["id"]:
            tag = f"{self._tool} tag sha256:{image['id'][:12]} {_repository(self._record['name'])}:as-it-runs"
            self._notes.append(
                f"{image['name']} stands for another image by now: to keep what runs, name it ({tag}) and write that "
                "name into the file"
            )
        cut = [one["key"] for one in self._running.values() if any(len(value) >= _CUT for value in one["value"])]
        cut += [f"label {one['name']}" for one in self._pairs["labels"] if len(one["value"] or "") >= _CUT]
        if cut or self._record["cut"]:
            self._notes.append(
                f"longer than an audit keeps, so complete it by hand: {', '.join([*cut, *self._record['cut']])}"
            )
        if any(MARK in one["target"] or MARK in one["source"] for one in self._record["mounts"]):
            self._notes.append("the path of a mount is masked: write it by hand")
        if self._unsaid:
            self._notes.append(f"it was made with settings that the file does not have: {', '.join(self._unsaid)}")
        if (self._record["layer"] or {}).get("total"):
            self._notes.append("files were changed inside the container: they are lost with it")

    def _example(self) -> dict[str, str]:
        """Return the file that names what is to be filled in, nothing where nothing is."""
        lines = ["# Copy it to .env beside the Compose file on the host, mode 0600. Each value between single quotes."]
        for name, about in self._fill.about.items():
            lines += [f"# {comment(about)}", f"{name}="]
        return {compose_steps.EXAMPLE: "\n".join(lines) + "\n"} if self._fill.about else {}


def _repository(name: str) -> str:
    """Return a name that an engine takes for an image: without capitals, and with single dashes alone."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def _project(name: str) -> str:
    """Return a name that Compose takes for a project."""
    return re.sub("[^a-z0-9_-]+", "-", name.lower()).strip("-_") or "unnamed"
