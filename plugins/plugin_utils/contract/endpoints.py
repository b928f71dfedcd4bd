# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract's ``endpoints`` section: what HTTP endpoints must answer. Private to the collection."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.http import url
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK, looks_secret
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract import assertions, shapes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import (
    REQUIRED,
    Key,
    ListOf,
    Map,
    Problems,
    Shape,
    Wrong,
    below,
    found,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.terms import terms
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.webhooks import WEBHOOK

CHECKS = ("answers", "status", "time", "content", "json", "fresh", "items", "certificate")
"""The checks of this section, whose severity can be set."""

METHODS = ("GET", "HEAD", "POST", "PUT")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_LINE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})


class Url(shapes.Text):
    """The address of an endpoint."""

    def describe(self) -> str:
        return "URL of http or https"

    def convert(self, value: t.Any) -> str:
        text = super().convert(value)
        try:
            url.parse(text)
        except url.BadUrl as error:
            raise Wrong(f"expected a {self.describe()}, found {found(text)}: {error}") from None
        return text


class Header(Shape):
    """The value of a header, or where the host has it."""

    _PLACE = Map(
        {
            "file": Key(shapes.AnyPath(), REQUIRED, "the file that holds it, in the style of .env"),
            "key": Key(shapes.Text(), REQUIRED, "its name in the file"),
            "prefix": Key(shapes.Text(), None, "what stands before it, such as `Bearer `"),
        }
    )

    def describe(self) -> str:
        return "text, or map of file, key, prefix"

    def read(self, value: t.Any, place: str, problems: Problems) -> t.Any:
        if isinstance(value, dict):
            made = self._PLACE.read(value, place, problems)
            text = made.get("prefix")
        else:
            made = text = shapes.Text().read(value, place, problems)
        if isinstance(text, str) and not _LINE.fullmatch(text):
            problems.add(place, "a header is one line without control characters")
        return made


class Headers(Shape):
    """A map of header names to their values."""

    def describe(self) -> str:
        return f"map of header to {Header().describe()}"

    def read(self, value: t.Any, place: str, problems: Problems) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            problems.add(place, f"expected a {self.describe()}, found {found(value)}")
            return {}
        for name in value:
            if not _TOKEN.fullmatch(name):
                problems.add(below(place, name), "is no name of a header")
            elif name.lower() in _OURS:
                problems.add(below(place, name), "is set by the audit itself: leave it out")
        return {name: Header().read(one, below(place, name), problems) for name, one in sorted(value.items())}


class Body(Shape):
    """What is sent: text, or a map or list as JSON."""

    def describe(self) -> str:
        return "text, or map or list that is sent as JSON"

    def convert(self, value: t.Any) -> str:
        if isinstance(value, (dict, list)):
            return json.dumps(value)
        if isinstance(value, str):
            return value
        raise Wrong(f"expected {self.describe()}, found {found(value)}")


_FRESH = Map(
    {
        "path": Key(assertions.JsonPath(), REQUIRED, "where the time stands"),
        "within_s": Key(shapes.Duration(), REQUIRED, "how old it may be"),
    }
)


def _possible(entry: dict[str, t.Any]) -> None:
    method = entry["method"]
    if entry["body"] is not None and method in ("GET", "HEAD"):
        raise Wrong(f"a body needs method: POST or PUT, found {method}")
    if entry["redirects"] and method in ("POST", "PUT"):
        raise Wrong(f"only a GET or a HEAD follows redirects, found {method}: what it sends is meant for one place")
    if entry["samples"] > 1 and method in ("POST", "PUT"):
        raise Wrong(f"only a GET or a HEAD is repeated, found samples and {method}")
    told = [key for key in ("contains", "not_contains", "matches", "json", "fresh", "min_items") if entry[key]]
    if told and method == "HEAD":
        raise Wrong(f"the answer to HEAD has no content, so {told[0]} cannot hold: use GET")
    secure = entry["url"].startswith("https:")
    for key in ("tls_days", "ca"):
        if entry[key] is not None and not secure:
            raise Wrong(f"{key} needs an https URL")
    if not entry["verify"] and (entry["ca"] is not None or not secure):
        raise Wrong("verify: false needs an https URL, and no ca: any certificate is taken then")
    if entry["from"] == "control":
        _absolute(entry)


def _absolute(entry: dict[str, t.Any]) -> None:
    files = [entry["ca"], *(one["file"] for one in entry["headers"].values() if isinstance(one, dict))]
    wrong = next((file for file in files if file is not None and not file.startswith("/")), None)
    if wrong is not None:
        raise Wrong(f"with from: control a file is one of the control node, so its path is absolute, found {wrong}")


class Entry(Shape):
    """An endpoint that is asked, or an alert channel, which is not."""

    def __init__(self, asked: Map) -> None:
        self._asked = asked

    def describe(self) -> str:
        return self._asked.describe()

    def inner(self) -> t.Iterator[tuple[str, Key]]:
        yield from self._asked.inner()
        told = {rest for rest, _key in self._asked.inner()}
        yield from ((rest, key) for rest, key in WEBHOOK.inner() if rest not in told)

    def read(self, value: t.Any, place: str, problems: Problems) -> t.Any:
        channel = isinstance(value, dict) and "webhook" in value
        return (WEBHOOK if channel else self._asked).read(value, place, problems)


class Entries(ListOf):
    """The endpoints. One without a name is called after the path of its URL, an alert channel after its key."""

    def read(self, value: t.Any, place: str, problems: Problems) -> list[t.Any]:
        entries = super().read(value, place, problems)
        for entry in entries:
            if entry.get("name") is None and entry.get("url"):
                entry["name"] = url.parse(entry["url"]).path.partition("?")[0][:100]
            if entry.get("name") is None and (entry.get("webhook") or {}).get("key"):
                entry["name"] = entry["webhook"]["key"]
        assertions.twins(entries, place, problems)
        return entries


_ASKED = Map(
    {
        "name": Key(shapes.Label(), None, "its name in reports, unique; unset: the path of the URL"),
        "url": Key(Url(), REQUIRED, "its address, without a login"),
        "from": Key(shapes.Choice(("host", "control")), "host", "who asks: the host, or the control node"),
        "method": Key(
            shapes.Choice(METHODS), "GET", "what is asked; with POST and PUT the endpoint may change something"
        ),
        "headers": Key(
            Headers(), {}, "sent along; a token stays in a file of the host: `{file: .env, key: API_TOKEN}`"
        ),
        "body": Key(Body(), None, "sent along with POST and PUT"),
        "status": Key(
            assertions.OneOrMoreNumbers(100, 599), [200], "the status that it must answer with, or one of several"
        ),
        "under_ms": Key(shapes.Integer(1, 600_000), None, "how long the whole answer may take, from the name on"),
        "samples": Key(shapes.Integer(1, 20), 1, "how often it is asked; under_ms holds for the median"),
        **assertions.content_keys("answer"),
        "fresh": Key(_FRESH, None, "a time in its answer, read as JSON, and how old it may be"),
        "min_items": Key(
            assertions.ByPath(shapes.Integer(0, 1_000_000_000)),
            {},
            "how many items a list of its answer must have; 0: it may be empty, and must be a list",
        ),
        "tls_days": Key(shapes.Integer(0, 3650), None, "how many days its certificate must still be valid"),
        "ca": Key(shapes.AnyPath(), None, "the file of the certificates that vouch for it; unset: those of the system"),
        "verify": Key(shapes.Boolean(), True, "whether its certificate must be valid"),
        "required": Key(
            shapes.Boolean(), True, "false: that it does not answer, or answers 404, is told and is no drift"
        ),
        "timeout_s": Key(shapes.Integer(1, 300), 10, "the time for each request, all in all"),
        "redirects": Key(shapes.Integer(0, 10), 0, "how many redirects are followed, never from https to http or back"),
        **terms(CHECKS),
    },
    check=_possible,
)

SHAPE = Entries(Entry(_ASKED), minimum=1)

DEFAULT: t.Any = None
"""Nothing is audited without a contract."""


def stored(contract: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the contract as a run folder may hold it: headers and JSON values with telling names are masked."""
    return [_stored(entry) if "url" in entry else dict(entry) for entry in contract]


def _stored(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**entry, "headers": dict(_shown(entry["headers"])), "json": assertions.stored_rules(entry["json"])}


def _shown(headers: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, t.Any]]:
    for name, value in headers.items():
        yield name, MARK if isinstance(value, str) and looks_secret(name) else value
