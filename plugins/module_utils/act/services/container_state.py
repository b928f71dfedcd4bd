# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How containers stand, asked of their engine: before one is changed, and until it is well again. Private to the
collection.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.services.kinds import NotWell, StepFailed
from ansible_collections.evenkeel.drift.plugins.module_utils.act.unnamed import ID
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.layer import layer
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.log import tail
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.record import (
    bare_id,
    plain_name,
    secrets,
)
from ansible_collections.evenkeel.drift.plugins.module_utils.engine.client import Engine, NotFound
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import mask_answer
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns, named
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

LABEL = "com.docker.compose."
STAYS_S = 3.0
"""A container without a health check must run for this long, without having been started again."""
POLL_S = 0.2
_ASK_S = 10.0
_LOG_S = 5.0
_LOG_LINES = 5

Json = t.Dict[str, t.Any]


class State(t.NamedTuple):
    """One container: ``health`` is empty without a check, ``image`` is an id, ``restart`` its restart policy;
    ``auto_remove`` says that its engine removes it when it ends;
    ``unnamed`` are the ids of volumes without a name, and where each is mounted, ``pid`` that
    of its first process as its engine counts.
    """

    id: str
    name: str
    service: str
    config_hash: str
    oneoff: bool
    status: str
    health: str
    exit_code: int
    oom: bool
    started_s: float
    restarts: int
    restart: str
    auto_remove: bool
    image: str
    tty: bool
    patience_s: float
    mounted: tuple[str, ...]
    unnamed: tuple[tuple[str, str], ...]
    pid: int
    upper: str

    @property
    def runs(self) -> bool:
        return self.status == "running"

    @property
    def ended_well(self) -> bool:
        """Whether it had something to do once, and did it."""
        return self.status == "exited" and self.exit_code == 0 and self.restart in ("", "no", "on-failure")

    def told(self) -> str:
        """Return its state in words."""
        if self.status in ("exited", "dead", "restarting"):
            why = ", for want of memory" if self.oom else ""
            return f"{self.status} with {self.exit_code}{why}"
        return f"{self.status}, {self.health}" if self.health else self.status


def _patience(check: Fields) -> float:
    """Return how long a health check may need to tell that all is well, by its own words and those of the engine."""
    interval = (check.number("Interval") or 30 * 10**9) / 1e9
    limit = (check.number("Timeout") or 30 * 10**9) / 1e9
    return check.number("StartPeriod") / 1e9 + (interval + limit) * (check.number("Retries") or 3)


def _is_unnamed(mount: Fields) -> bool:
    return mount.raw("Type") == "volume" and ID.fullmatch(mount.raw("Name")) is not None


def _is_well(one: State, for_s: float) -> bool:
    return one.runs and (one.health == "healthy" if one.health else for_s >= STAYS_S)


def shown(said: str, host: Host) -> str:
    """Return a sentence without the secrets that a host has learned."""
    text: str = mask_answer({"said": said}, host.learned)["said"]
    return text


class Containers:
    """The containers of one engine. ``host`` learns the secrets among their variables: no sentence has them."""

    def __init__(self, engine: Engine, host: Host) -> None:
        self.engine = engine
        self._host = host

    def inspect(self, identity: str) -> State | None:
        """Return how a container stands, None when there is none of this id or name. Raises Unseen."""
        try:
            answer = self.engine.get(f"/containers/{identity}/json", limit_s=_ASK_S)
        except NotFound:
            return None
        fields = Fields(answer, f"container {identity[:12]}")
        self._host.learn(secrets(answer))
        state, config, host = fields.map("State"), fields.map("Config"), fields.map("HostConfig")
        labels, check = config.map("Labels"), config.map("Healthcheck")
        return State(
            id=bare_id(fields.raw("Id")),
            name=plain_name(fields.raw("Name")),
            service=labels.raw(f"{LABEL}service"),
            config_hash=labels.raw(f"{LABEL}config-hash"),
            oneoff=labels.raw(f"{LABEL}oneoff").lower() == "true",
            status=state.text("Status"),
            health={"none": ""}.get(state.map("Health").text("Status"), state.map("Health").text("Status")),
            exit_code=state.number("ExitCode"),
            oom=state.flag("OOMKilled"),
            started_s=state.moment("StartedAt") or 0.0,
            restarts=fields.number("RestartCount"),
            restart=host.map("RestartPolicy").text("Name"),
            auto_remove=host.flag("AutoRemove"),
            image=fields.raw("Image"),
            tty=config.flag("Tty"),
            patience_s=_patience(check),
            mounted=tuple(one.raw("Destination") for one in fields.maps("Mounts")),
            unnamed=tuple(
                (one.raw("Name"), one.raw("Destination")) for one in fields.maps("Mounts") if _is_unnamed(one)
            ),
            pid=state.number("Pid"),
            upper=fields.map("GraphDriver").map("Data").raw("UpperDir"),
        )

    def of_service(self, project: str, service: str) -> list[State]:
        """Return the containers of a Compose service, by name, without those of ``docker compose run``. Raises
        Unseen.
        """
        listed = self.engine.get("/containers/json", {"all": True}, limit_s=_ASK_S)
        if not isinstance(listed, list):
            raise Unseen(f"the engine at {self.engine.socket} lists its containers in another form than its API says")
        found = []
        for item in listed:
            one = Fields(item, "a container in the list")
            labels = one.map("Labels")
            if labels.raw(f"{LABEL}project") == project and labels.raw(f"{LABEL}service") == service:
                state = self.inspect(bare_id(one.raw("Id")))
                if state is not None and not state.oneoff:
                    found.append(state)
        return sorted(found, key=lambda one: one.name)

    def own_files(self, container: State, work: t.Any, may_lose: t.Sequence[Json]) -> list[str]:
        """Return the files that exist only in the layer of a container, but for those that may be lost,
        ``{container, path, size, mtime}``. ``work`` are the pattern pairs of what counts, None: everything does.
        Raises Unseen.
        """
        changes = self.engine.get(f"/containers/{container.id}/changes", limit_s=_ASK_S)
        found = layer(changes, container.mounted, container.upper)
        patterns = None if work is None else Patterns(work)
        allowed = {(one["container"], one["path"], one["size"], one["mtime"]) for one in may_lose}
        files = [
            str(one["path"])
            for one in found["changed"]
            if one["kind"] != "deleted"
            and (patterns is None or named(patterns, one["path"]))
            and (container.id, one["path"], one["size"], one["mtime"]) not in allowed
        ]
        more = found["total"] - len(found["changed"])
        return [*files, f"{more} more"] if more > 0 else files

    def well(self, look: t.Callable[[], t.Sequence[State]], wanted: int, limit_s: float, done: str) -> str:
        """Wait until ``wanted`` containers run and are healthy, and stay so; return a sentence.

        ``look`` returns them as they stand, ``done`` says what was done to them. Raises StepFailed, with the last lines
        of the log of the one that is not well, and Unseen.
        """
        begun = time.monotonic()
        first: dict[str, State] = {}
        since: dict[str, float] = {}
        while True:
            states = list(look())
            now = time.monotonic()
            limit = min(
                limit_s, max((one.patience_s if one.health else STAYS_S for one in states), default=STAYS_S) + 30
            )
            for one in states:
                before = first.setdefault(one.id, one)
                # The engine starts what ended anew, which looks like running from time to time.
                if one.restarts > before.restarts or one.started_s != before.started_s or one.status == "restarting":
                    raise self._ill(one, f"{done}, and does not stay up")
                if one.status in ("exited", "dead", "removing") and not one.ended_well:
                    raise self._ill(one, f"{done}, and does not run")
                if one.health == "unhealthy":
                    raise self._ill(one, f"{done}, and its health check fails")
                if one.runs:
                    since.setdefault(one.id, now)
            good = [one for one in states if one.ended_well or _is_well(one, now - since.get(one.id, now))]
            if len(good) == len(states) >= wanted:
                names = ", ".join(one.name for one in states)
                return (
                    f"{names} {done}: {states[0].told()}" if states else f"it {done}, without a container, as declared"
                )
            if now - begun >= limit:
                late = next((one for one in states if one not in good), None)
                if late is None:
                    raise StepFailed(f"{done}, and {len(states)} of {wanted} containers are there after {limit:.0f} s")
                raise self._ill(late, f"{done}, and is not well after {limit:.0f} s")
            time.sleep(POLL_S)

    def _ill(self, one: State, what: str) -> NotWell:
        try:
            lines = [line for line in tail(self.engine, one.id, one.tty, _LOG_S) if line.strip()][-_LOG_LINES:]
            said = f"; its log ends: {' | '.join(lines)}" if lines else "; its log is empty"
        except Unseen as unseen:
            said = f"; its log cannot be read: {unseen.reason}"
        return NotWell(shown(f"{one.name} {what} ({one.told()}){said}", self._host))
