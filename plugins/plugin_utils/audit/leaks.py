# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last net before a run is sealed: no file of it holds a secret that one of its hosts has read. Private to the
collection.

Hosts tell the digests of those secrets under the run's key. They lie in the private part of the run folder, which goes
when the run ends, whether it is sealed or refused.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from ansible_collections.evenkeel.drift.plugins.module_utils.jsonpath import spell
from ansible_collections.evenkeel.drift.plugins.module_utils.keyed import keyed
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import Masker
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import free_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.learned import all_learned
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.opening import run_key
from ansible_collections.evenkeel.drift.plugins.plugin_utils.audit.secrets_in_use import in_use
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.fingerprints import Fingerprints
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import INCOMPLETE, RunFolder, StoreError

_SHOWN = 3
# Below these keys stands what the control node knows of the reference; a difference holds lines of both sides.
_OF_REFERENCE = frozenset({"relation", "reference", "base", "diff"})
# What only the reference has is named by the reference.
_NAMES = frozenset({"path", "sample"})

Step = str | int


def hide_in_commits(folder: RunFolder, names: t.Container[str] = ()) -> None:
    """Mask known secrets in what the reference's repository says, such as the subjects of commits; also in ``names``.

    No host has let them out, and ``git.secrets_in_history`` tells that they are there: the run is fit to be sealed.
    """
    prints = _prints(folder)
    if prints is None:
        return
    for name in folder.files():
        if name in names or name.startswith("references/"):
            content = folder.read(name)
            hidden = _hidden(content, prints)
        elif name.startswith("evidence/"):
            content = folder.read(name)
            hidden = {**content, "data": _hidden_below(content.get("data"), prints)} if "data" in content else content
        else:
            continue
        if hidden != content:
            folder.write(name, hidden)


def _hidden_below(data: t.Any, prints: Fingerprints) -> t.Any:
    """Return the data of a section with what the control node added from a reference masked, wherever that lies."""
    if isinstance(data, dict):
        alone = data.get("side") == "reference" or ("reference" in data and data.get("host", "") is None)
        theirs = _OF_REFERENCE | _NAMES if alone else _OF_REFERENCE
        return {
            key: _hidden(value, prints) if key in theirs else _hidden_below(value, prints)
            for key, value in data.items()
        }
    return [_hidden_below(item, prints) for item in data] if isinstance(data, list) else data


def _hidden(content: t.Any, prints: Fingerprints) -> t.Any:
    values = {value for one in _held(content, prints).values() for value in one}
    return _masked(content, Masker(values)) if values else content


def _prints(folder: RunFolder) -> Fingerprints | None:
    digests = all_learned(folder)
    return Fingerprints(run_key(folder), digests) if digests else None


def refuse_leaks(folder: RunFolder, only: t.Container[str] | None = None) -> None:
    """Raise StoreError when a file of the run, one of ``only`` the named ones, holds a known secret.

    It is masked there before that, and the run stays incomplete.
    """
    prints = _prints(folder)
    if prints is None:
        return
    places: list[str] = []
    values: set[str] = set()
    for name in folder.files():
        if only is None or name in only:
            content = folder.read(name) if name.endswith(".json") else _read_text(folder, name)
            found = _held(content, prints)
            values.update(value for one in found.values() for value in one)
            places += [f"{name}, {place}" if place else name for place in _places(content, found)]
    if not values:
        return
    masker = Masker(values)
    shown = terminal(masker.mask("; ".join(places[:_SHOWN])))
    more = f" and {len(places) - _SHOWN} other places" if len(places) > _SHOWN else ""
    whose = terminal(masker.mask(_whose(folder, values)))
    _take_out(folder, masker)
    folder.forget()
    message = (
        f"{folder.path} is not sealed: it held {whose} in clear text ({shown}{more}). It is masked "
        "there now, and the run stays incomplete: do not use it. Look at that place: where the contract itself holds "
        "the secret, name its file and key instead; where the value is no secret, list it in drift_public_values; "
        "otherwise leave out what shows it. Then audit again. docs/secrets.md says more."
    )
    # Who finds the folder later must not take it for one that was interrupted.
    folder.write_bytes(INCOMPLETE, f"{message}\n".encode())
    raise StoreError(message)


def _whose(folder: RunFolder, values: t.Iterable[str]) -> str:
    """Return what the secrets are called: ``BOT_TOKEN of .env (web1)``; the place alone tells nobody which it is."""
    hosts: list[str] = folder.read("run.json")["hosts"]
    users = in_use(folder, hosts).users
    key = run_key(folder)
    found = {user for value in values for user in users.get(keyed(key, value) or "", ())}
    called = sorted({f"{user.name or 'a secret'} ({user.host})" for user in found}) or ["a secret of an observed host"]
    more = f" and {len(called) - _SHOWN} others" if len(called) > _SHOWN else ""
    return f"{', '.join(called[:_SHOWN])}{more}"


def _held(content: t.Any, prints: Fingerprints) -> dict[str, list[str]]:
    """Return the texts that hold secrets, with these. Evidence says most things many times: each is looked at once."""
    texts: set[str] = set()
    rest = [content]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            texts.add(one)
        elif isinstance(one, dict):
            texts.update(one)
            rest.extend(one.values())
        elif isinstance(one, list):
            rest.extend(one)
    return {text: list(values.values()) for text in texts if (values := prints.values(text))}


def _places(content: t.Any, texts: t.Container[str]) -> Iterator[str]:
    """Yield where in a file one of the texts stands, nothing for a file that is no JSON."""
    for steps, text in _strings(content, ()) if texts else ():
        if text in texts:
            yield spell(steps) if steps else ""


def _strings(content: t.Any, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(content, str):
        yield steps, content
    elif isinstance(content, dict):
        for key, value in content.items():
            # The place of a key is that of what holds it: the key itself may be the secret.
            yield steps, key
            yield from _strings(value, (*steps, key))
    elif isinstance(content, list):
        for number, item in enumerate(content):
            yield from _strings(item, (*steps, number))


def _take_out(folder: RunFolder, masker: Masker) -> None:
    """Mask all files: what stands in one of them may stand in another in a spelling of its own."""
    for name in folder.files():
        if name.endswith(".json"):
            folder.write(name, _masked(folder.read(name), masker))
        else:
            folder.write_bytes(name, masker.mask(_read_text(folder, name)).encode("utf-8", "surrogateescape"))


def _masked(content: t.Any, masker: Masker) -> t.Any:
    if isinstance(content, str):
        return masker.mask(content)
    if isinstance(content, dict):
        out: dict[str, t.Any] = {}
        for key, value in content.items():
            out[free_key(masker.mask(key), out)] = _masked(value, masker)
        return out
    if isinstance(content, list):
        return [_masked(item, masker) for item in content]
    return content


def _read_text(folder: RunFolder, name: str) -> str:
    with open(folder.join(name), "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")
