# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the containers that the contract expects, and about those that it does not. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import Rules
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_words import listed, short_id
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Context, Scope

_START = remedy("start", "Create and start it as it is deployed elsewhere, or correct its name in the contract.")
_RECREATE = remedy("recreate", "Recreate the container as declared, or correct the contract.")
_REMOVE = remedy("declare", "Find out what it is; remove it, or add it to the contract.")
_ROOT = frozenset({"", "0", "root", "0:0", "root:root", "0:root", "root:0"})

Named = t.Tuple[str, Check]


def expected(contract: Details, evidence: Details, context: Context, section: str) -> t.Iterator[Named]:
    """Yield component and check of each container that is expected, and of each that is not, where some are."""
    seen = {one["name"]: one for one in evidence["containers"]}
    unseen = {item["container"] for item in evidence["unread"] if item["what"] == "container"}
    for entry in contract["expected"]:
        name = entry["name"]
        rules = _Expected(Scope(context, section, name, contract, "operational"), contract, entry)
        if name in seen:
            yield from ((name, check) for check in rules.compare(seen[name]))
        elif name in evidence["gone"]:
            yield name, rules.unknown("it was removed, perhaps made anew, while it was looked at")
        elif name not in unseen:
            yield name, rules.absent()
    if contract["expected"]:
        declared = {entry["name"] for entry in contract["expected"]}
        for name, one in sorted(seen.items()):
            if name not in declared:
                yield name, _undeclared(Scope(context, section, name, contract, "operational"), contract, one)


def _undeclared(scope: Scope, contract: Details, one: Details) -> Check:
    said = f"{one['name']} ({one['image']['name']}, {one['state']}) on {scope.context.host} is not among the expected"
    return scope.failed(
        *("declared", one["name"], Rules.level_of(contract, "declared"), said),
        state="unexpected",
        cause="undeclared_container",
        remedy=_REMOVE,
        observed={"image": one["image"]["name"], "state": one["state"], "created": one["created"]},
    )


class _Expected:
    """The checks of one entry of ``expected``; whether it runs is judged with the container itself."""

    def __init__(self, scope: Scope, contract: Details, entry: Details) -> None:
        self._scope = scope
        self._contract = contract
        self._entry = entry
        self._name: str = entry["name"]
        self._host = scope.context.host

    def unknown(self, reason: str) -> Check:
        said = f"Whether the container {self._name} is on {self._host} is not known: {reason}"
        return self._scope.unknown("present", self._name, self._level("present"), said)

    def absent(self) -> Check:
        if not self._entry["running"]:
            said = f"There is no container {self._name} on {self._host}, and it must not run"
            return self._scope.passed("present", self._name, self._level("present"), said)
        said = f"There is no container {self._name} on {self._host}"
        return self._scope.failed(
            *("present", self._name, self._level("present"), said),
            state="missing",
            cause="not_running",
            remedy=_START,
            expected=self._entry,
        )

    def compare(self, one: Details) -> list[Check]:
        checks = [self._scope.passed("present", self._name, self._level("present"), f"{self._name} is on {self._host}")]
        image = one["image"]
        if self._entry["image"] is not None:
            shown = f"{image['name']} ({short_id(image['id'])})"
            same = is_image(self._entry["image"], image)
            checks.append(self._setting("image", self._entry["image"], shown, same, "setting_differs"))
        if self._entry["user"] is not None:
            same = one["user"] == self._entry["user"] or {one["user"], self._entry["user"]} <= _ROOT
            checks.append(self._setting("user", self._entry["user"], one["user"] or "root", same, "wrong_user"))
        if self._entry["networks"] is not None:
            names = sorted(network["name"] for network in one["networks"])
            same = set(self._entry["networks"]) <= set(names)
            wanted = listed(sorted(self._entry["networks"]))
            # The networks of a container that does not run are those that it will be in.
            checks.append(self._setting("networks", wanted, listed(names) or "none", same, "setting_differs"))
        return checks

    def _setting(self, check: str, wanted: str, has: str, same: bool, cause: str) -> Check:
        level = self._level(check)
        sides: dict[str, t.Any] = {"expected": {check: wanted}, "observed": {check: has}}
        what = {"image": "the image", "user": "the user", "networks": "the networks"}[check]
        said = f"{self._name} on {self._host} has {what} {has}"
        if same:
            return self._scope.passed(check, self._name, level, said, **sides)
        said += f", not {wanted}"
        return self._scope.failed(
            check, self._name, level, said, state="differs", cause=cause, remedy=_RECREATE, **sides
        )

    def _level(self, check: str) -> str:
        return Rules.level_of(self._contract, check)


def is_image(wanted: str, image: Details) -> bool:
    """Return whether a container's image is the wanted one: by name, by digest, or by the beginning of its id."""
    bare = wanted[len("sha256:") :] if wanted.startswith("sha256:") else wanted
    if len(bare) >= 12 and image["id"].startswith(bare):
        return True
    if wanted in image["digests"] or any(digest.endswith(f"@{wanted}") for digest in image["digests"]):
        return True
    return _full(wanted) == _full(image["name"])


def _full(name: str) -> str:
    """Return an image's name in full, as engines read it: ``redis`` is ``docker.io/library/redis:latest``."""
    first, slash, _rest = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif "." not in first and ":" not in first and first != "localhost":
        name = f"docker.io/{name}"
    last = name.rpartition("/")[2]
    return name if ":" in last or "@" in last else f"{name}:latest"
