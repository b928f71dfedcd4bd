# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Section configs: configurations key by key, and whether what runs has their values. Private to the collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.apart import each_apart
from ansible_collections.evenkeel.drift.plugins.module_utils.configs import environments
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.content import Content, Missing, read_content
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.keys import describe, doubles, secrets_in
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.model import Parsed, Unreadable
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.readers import Configured, readers
from ansible_collections.evenkeel.drift.plugins.module_utils.configs.reading import FORMATS, format_of, read_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.moment import iso
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "path": {"type": "str"},
    "process": {"type": "str"},
    "unit": {"type": "str"},
    "container": {"type": "str"},
    "socket": {"type": "path"},
    "format": {"type": "str", "choices": ["auto", *FORMATS], "default": "auto"},
    "secret": {"type": "bool", "no_log": False},
    "timeout": {"type": "int", "default": 60},
}
"""The options of the module ``config_info``."""

KINDS = ("path", "process", "unit", "container")
_AUTO = "auto"
_SHARE = 0.5

Json = t.Dict[str, t.Any]
_Spec = t.Mapping[str, t.Any]


def collect(spec: _Spec, host: Host) -> Json:
    """Return ``{now_s, configs}``, one for each of ``spec``, in its order (``docs/design.md``).

    ``spec`` has ``configs``: ``{name, kind, <kind>, format, secret, patterns, containers, tests, read_by}`` each, and
    may have the ``socket`` of an engine. A pattern can take for ever: each configuration is read by a process of its
    own.
    """
    now_s = time.time()
    socket = spec.get("socket")

    def answer(one: _Spec, share: Host) -> Json:
        return _config(one, socket, share)

    asked = spec["configs"]
    # One that hangs must not take the time of the sections after this one.
    own = host.share(max(host.time_left(), 0.0) * _SHARE)
    read = [
        {**_about(one), "outcome": "unknown", "reason": found} if isinstance(found, str) else found
        for one, found in zip(asked, each_apart(asked, answer, own))
    ]
    return {"now_s": round(now_s, 3), "configs": read}


def look(params: _Spec, host: Host) -> Json:
    """Return one configuration, for the options in ``ARGUMENTS``. Raises Unseen."""
    kind = next(kind for kind in KINDS if params[kind] is not None)
    if kind == "path" and not params["path"].startswith("/"):
        raise Unseen(f"{show(params['path'])} is no absolute path, and where it begins is not known")
    asked = {
        "name": params[kind],
        "kind": kind,
        kind: show(params[kind]) if kind == "path" else params[kind],
        "format": params["format"],
        "secret": params["secret"],
        "patterns": [params[kind]],
        "containers": False,
        "tests": [],
        "read_by": [],
    }
    (found,) = collect({"configs": [asked], "socket": params["socket"]}, host)["configs"]
    if found["outcome"] == "unknown":
        raise Unseen(f"{found['source']}: {found['reason']}")
    # Without a run there is no key: nothing has a digest, and nothing is held against it.
    left_out = ("name", "digest", "readers")
    keys = [{name: key[name] for name in key if name not in ("digest", "tests", "weak")} for key in found["keys"]]
    return {**{name: found[name] for name in found if name not in left_out}, "keys": keys}


def _about(spec: _Spec) -> Json:
    """Return a configuration of which nothing is known yet."""
    kind, source = spec["kind"], spec[spec["kind"]]
    form = spec["format"]
    if kind != "path":
        form = "env"
    elif form == _AUTO:
        form = format_of(source) or _AUTO
    secret = spec["secret"]
    return {
        "name": spec["name"],
        "kind": kind,
        "source": mask(source if kind in ("path", "process") else show(source)),
        "format": form,
        "outcome": "ok",
        "reason": "",
        "secret": (kind == "path" and is_secret_file(source)) if secret is None else secret,
        **dict.fromkeys(("path", "mtime", "mtime_s", "size", "digest")),
        "partial": "",
        "duplicates": [],
        "keys": [],
        "cut": 0,
        "readers": [],
    }


def _config(spec: _Spec, socket: str | None, host: Host) -> Json:
    made = _about(spec)
    try:
        if made["kind"] == "path":
            _file(made, spec, socket, host)
        else:
            _tell(made, _environment(spec, socket, host), spec, host)
    except Missing as missing:
        made.update(outcome="missing", reason=str(missing))
    except Unseen as unseen:
        made.update(outcome="unknown", reason=mask(unseen.reason))
    except Unreadable as unreadable:
        made.update(outcome="unknown", reason=mask(unreadable.reason))
    return made


def _environment(spec: _Spec, socket: str | None, host: Host) -> Parsed:
    if spec["kind"] == "process":
        return environments.process_environment(spec["patterns"], host, spec["containers"])
    if spec["kind"] == "unit":
        return environments.unit_variables(spec["unit"], host)
    return environments.container(spec["container"], socket, host).environment


def _file(made: Json, spec: _Spec, socket: str | None, host: Host) -> None:
    content = read_content(spec["path"], host)
    _note(made, spec, content)
    if made["format"] == _AUTO:
        raise Unseen("its name does not tell its format: say it as format in the contract")
    parsed = read_keys(content.head, made["format"])
    _tell(made, parsed, spec, host)
    made["readers"] = readers(spec["read_by"], Configured(content, parsed, host.key), socket, host)


def _note(made: Json, spec: _Spec, content: Content) -> None:
    """Note what is known of a file before it is understood."""
    target = show(content.target)
    if spec["secret"] is None and is_secret_file(target):
        made["secret"] = True
    made.update(
        path=mask(target),
        mtime=iso(content.mtime_s),
        mtime_s=round(content.mtime_s, 6),
        size=None if made["secret"] else content.size,
        digest=content.digest,
    )


def _tell(made: Json, parsed: Parsed, spec: _Spec, host: Host) -> None:
    host.check_time()
    host.learn(secrets_in(parsed, whole=spec["secret"] is True))
    keys = describe(parsed, made["secret"], host.key, spec["tests"])
    made.update(keys=keys, cut=len(parsed.keys) - len(keys), duplicates=doubles(parsed.doubles, host.key))
    made["partial"] = mask(parsed.partial)
