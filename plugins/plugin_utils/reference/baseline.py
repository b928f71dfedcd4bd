# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved baseline: one JSON file in which any edit is seen. Private to the collection.

It is data and never evaluated. The file holds its own sha256, which finds accidents and careless edits; who can write
the file can also write a new sha256, and only a signature finds that.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.trees import digest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import signature
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import write_private

Json = dict[str, t.Any]

SCHEMA = "evenkeel.drift/baseline/1"
_KEYS: dict[str, type] = {
    "schema": str,
    "application": str,
    "environment": str,
    "host": str,
    "created": str,
    "collector": str,
    "trees": list,
    "git": dict,
    "sha256": str,
}
_OPTIONAL: dict[str, type] = {"configs": list}
"""What a baseline has since a later release, and when the contract has that section."""
_CONFIG_KEYS: dict[str, type] = {
    **dict.fromkeys(("kind", "declared", "format", "outcome", "reason", "partial"), str),
    "cut": int,
    "keys": list,
}
_VALUE_KEYS: dict[str, type] = {
    **dict.fromkeys(("key", "type"), str),
    **dict.fromkeys(("secret", "empty", "placeholder"), bool),
    "hosts": list,
    "value": object,
}
_TREE_KEYS: dict[str, type] = {"name": str, "path": str, "spec": dict, "directories": list}
_MAX_BYTES = 1 << 30


def save(path: str, content: t.Mapping[str, t.Any], signing_key: str | None = None) -> None:
    """Write a baseline, whole or not at all, mode 0600; with ``signing_key`` also its signature, ``<path>.sig``.

    ``content`` holds application, environment, host, created, collector, git and trees: ``[{name, path, spec,
    directories}]``, each directory a list that ends in its entries. Raises ReferenceUnavailable when it cannot be
    written or signed, ValueError when it holds what a baseline may not, such as the digest of a secret-class file.
    """
    data = render(content)
    signed = signature.sign(data, signing_key) if signing_key is not None else None
    try:
        if signed is not None:
            write_private(path + signature.SUFFIX, signed)
        elif os.path.lexists(path + signature.SUFFIX):
            os.unlink(path + signature.SUFFIX)
        write_private(path, data)
    except OSError as error:
        raise ReferenceUnavailable(f"the baseline {quoted(path)} cannot be written: {error.strerror}") from error


def render(content: t.Mapping[str, t.Any]) -> bytes:
    """Return the file of a baseline with this content. Raises ValueError when it holds what a baseline may not."""
    unsealed = {**content, "schema": SCHEMA}
    unsealed.pop("sha256", None)
    sealed = {**unsealed, "sha256": _checksum(unsealed)}
    problem = _misshapen(sealed)
    if problem:
        raise ValueError(f"not a baseline: {problem}")
    for tree in content["trees"]:
        _refuse_secrets(tree)
    for config in content.get("configs", ()):
        if any(key["secret"] and key["value"] for key in config["keys"]):
            raise ValueError(f"a baseline may not hold the secrets of the configuration {quoted(config['declared'])}")
    return _canonical(sealed)


def load(path: str, allowed_signers: str | None = None) -> Json:
    """Return a baseline as it was saved. ``allowed_signers`` is a file as ``ssh-keygen`` reads it; given one, a
    baseline without the signature of somebody in it is refused. Raises ReferenceUnavailable.
    """
    name = f"the baseline {quoted(path)}"
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ReferenceUnavailable(f"{name} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ReferenceUnavailable(f"{name} is larger than {_MAX_BYTES} bytes")
    if allowed_signers is not None:
        signature.verify(data, path, allowed_signers)
    return _parse(data, name)


def _parse(data: bytes, name: str) -> Json:
    try:
        baseline = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ReferenceUnavailable(f"{name} is not the JSON that was saved: it was edited or cut off") from error
    if not isinstance(baseline, dict):
        raise ReferenceUnavailable(f"{name} is no baseline: it holds no JSON object")
    if baseline.get("schema") != SCHEMA:
        raise ReferenceUnavailable(f"{name} has the schema {quoted(str(baseline.get('schema')))}, not {SCHEMA}")
    unsealed = {key: value for key, value in baseline.items() if key != "sha256"}
    if _canonical(baseline) != data or baseline.get("sha256") != _checksum(unsealed):
        raise ReferenceUnavailable(f"{name} was edited after it was saved: its content does not match its own sha256")
    problem = _misshapen(baseline)
    if problem:
        raise ReferenceUnavailable(f"{name} is no baseline: {problem}")
    return baseline


def _canonical(content: t.Mapping[str, t.Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii") + b"\n"


def _checksum(unsealed: t.Mapping[str, t.Any]) -> str:
    return hashlib.sha256(_canonical(unsealed)).hexdigest()


def _misshapen(baseline: t.Mapping[str, t.Any]) -> str:
    """Return what is wrong with the shape of a baseline, or nothing."""
    problem = _wrong_keys(baseline, {**_KEYS, **{key: kind for key, kind in _OPTIONAL.items() if key in baseline}})
    for index, tree in enumerate(() if problem else baseline["trees"]):
        wrong = _wrong_keys(tree, _TREE_KEYS) if isinstance(tree, dict) else "it is not an object"
        if wrong:
            return f"trees[{index}]: {wrong}"
        if not all(isinstance(item, list) and item and isinstance(item[-1], list) for item in tree["directories"]):
            return f"trees[{index}]: a directory is not a list that ends in its entries"
    for index, config in enumerate(() if problem else baseline.get("configs", ())):
        wrong = _wrong_keys(config, _CONFIG_KEYS) if isinstance(config, dict) else "it is not an object"
        if not wrong and not all(map(_is_key, config["keys"])):
            wrong = "a key is not what it should be"
        if wrong:
            return f"configs[{index}]: {wrong}"
    return problem


def _is_key(key: t.Any) -> bool:
    told = isinstance(key, dict) and not _wrong_keys(key, _VALUE_KEYS)
    return told and (key["value"] is None or isinstance(key["value"], str))


def _wrong_keys(found: t.Mapping[str, t.Any], wanted: t.Mapping[str, type]) -> str:
    differing = sorted(found.keys() ^ wanted.keys())
    if differing:
        return f"missing or unknown keys: {quoted(', '.join(differing))}"
    wrong = sorted(key for key, kind in wanted.items() if not isinstance(found[key], kind))
    return f"keys of the wrong type: {', '.join(wrong)}" if wrong else ""


def _refuse_secrets(tree: t.Mapping[str, t.Any]) -> None:
    """Raise ValueError for a secret-class file with its digest: that would let its content be guessed at leisure."""
    extra = Patterns(tree["spec"].get("secret", ()))
    for folder, *_own, entries in tree["directories"]:
        for entry in entries:
            if isinstance(entry, dict):
                leaks = bool(entry.get("secret")) and "sha256" in entry
                name = entry.get("name", "")
            else:
                name, kind, _mode, value = entry[:4]
                leaks = kind == digest.FILE and value != digest.KEYED and is_secret_file(folder + name, extra)
            if leaks:
                raise ValueError(f"a baseline may not hold the digest of the secret file {quoted(folder + name)}")
