# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a host what runs on it. Private to the collection."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.processes import MAX_DESCRIBED
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.snapshot import PROTOCOL
from ansible_collections.evenkeel.drift.plugins.plugin_utils.discover.survey import Survey, wanted_places
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context, Exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen, Limits, Send
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.shape import (
    OUTCOME,
    ByName,
    GarbledAnswer,
    require,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder

Json = dict[str, t.Any]

_ANSWER = {"protocol": int, "sections": ByName(dict)}
_SECTION = {"outcome": OUTCOME, "reason": str, "data": dict}
_PLACES = {"places": ByName({"markers": [str], "venvs": [str], "reason": str})}


class Asker:
    """Asks one host, in two round trips: what runs, and what lies where it runs from."""

    def __init__(self, host: str, root: str, limits: Limits, send: Send) -> None:
        self._root = root
        self._limits = limits
        self._send = send
        self._context = Context(host, root, Cache(default_folder(os.environ)))

    def survey(self, root: str | None) -> Survey:
        """Return what was seen; ``root`` is where the application lives, if that is known. Raises HostUnseen."""
        halves: dict[str, Exchange] = {name: exchange(name, [], self._context) for name in ("processes", "ports")}
        requests = {name: half.request() for name, half in halves.items()}
        requests["processes"] = {**requests["processes"], "all": True}
        answers = self._ask(requests)
        survey = Survey()
        survey.processes = self._read("processes", answers, survey, halves["processes"].read)
        if survey.processes is not None:
            self._context.earlier["processes"] = survey.processes
            _tell_unread(survey)
        survey.ports = self._read("ports", answers, survey, halves["ports"].read)
        places = self._read("places", self._ask({"places": {"paths": wanted_places(survey, root)}}), survey, _places)
        survey.places = places["places"] if places is not None else {}
        for path, place in sorted(survey.places.items()):
            if place["reason"]:
                survey.unseen.append(f"{path}: {place['reason']}")
        return survey

    def _ask(self, sections: Json) -> Json:
        limits = self._limits
        answer = self._send(
            {
                "protocol": PROTOCOL,
                "root": self._root,
                "timeout_s": limits.timeout_s,
                "workers": limits.workers,
                "nice": limits.nice,
                "key": None,
                "sections": sections,
            }
        )
        try:
            require(answer, _ANSWER, "the host's answer")
        except GarbledAnswer as garbled:
            raise HostUnseen("garbled", str(garbled)) from garbled
        found: Json = answer["sections"]
        return found

    def _read(self, name: str, answers: Json, survey: Survey, read: t.Callable[[Json], Json]) -> Json | None:
        section = answers.get(name)
        try:
            require(section, _SECTION, f"the host's answer about {name}")
            if t.cast(Json, section)["outcome"] == "ok":
                return read(t.cast(Json, section)["data"])
            survey.unseen.append(f"{name}: {mask(t.cast(Json, section)['reason'])}")
        except GarbledAnswer as garbled:
            survey.unseen.append(f"{name}: {garbled}")
        return None


def _places(data: Json) -> Json:
    require(data, _PLACES, "the host's answer about places")
    return data


def _tell_unread(survey: Survey) -> None:
    """Say whose processes could not be read in full: what belongs to them may be missing from a draft."""
    processes = t.cast(Json, survey.processes)
    if processes["hidden"]:
        survey.unseen.append(f"processes of other users: {processes['hidden']}")
    hidden = [one for one in survey.running() if {"cwd", "exe"} & one["unread"].keys()]
    users = sorted({str(one["user"]) for one in hidden})
    if hidden:
        reason = next(iter(hidden[0]["unread"].values()))
        survey.unseen.append(f"the directories of {len(hidden)} processes of {', '.join(users)}: {reason}")
    if processes["total"] > len(processes["processes"]) >= MAX_DESCRIBED:
        survey.unseen.append(f"all but the first {MAX_DESCRIBED} of {processes['total']} processes")
    lost = len(processes["unread"])
    if lost:
        survey.unseen.append(f"{lost} processes: {processes['unread'][0]['reason']}")
