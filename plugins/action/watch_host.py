# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches a host for a while: many looks over one connection, and what they say together."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import types
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, mask_texts
from ansible_collections.evenkeel.drift.plugins.plugin_utils import control
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.schema import ContractError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.settings import Settings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.watch import read_watch
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.base import Context
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.bundle import script, watch_script
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.observation import HostUnseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.registry import exchange
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import terminal
from ansible_collections.evenkeel.drift.plugins.plugin_utils.script_action import NotBecome, ScriptAction, unanswered
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache, default_folder
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.run import RunFolder, StoreError
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.folder import rests_on
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched import checks
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import file_of
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch import before
from ansible_collections.evenkeel.drift.plugins.plugin_utils.watch.course import Course, Doors

_MODULE = "evenkeel.drift.watch_host"
_ARGUMENTS = {"window": {"type": "raw"}, "folder": {"type": "path"}, "run": {"type": "path"}}
_WRONG = ("fail", "unknown")
# What the way there and back may take beside.
_SPARE_S = 60.0

Json = dict[str, t.Any]


class ActionModule(ScriptAction):
    """Nothing stays on the host between two slices; what was seen so far is kept in the folder with each of them."""

    _supports_check_mode = True
    # The process of the play.
    _play = 0

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        variables = dict(task_vars or {}, ansible_no_target_syslog=True)
        super().run(tmp, variables)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        host = str(variables["inventory_hostname"])
        self._play = os.getppid()
        try:
            asked = read_watch(arguments["window"])
            settings = control.settings_of(variables, self._templar.template)
            if asked is None:
                return {"changed": False, "watched": False, "checks": []}
            context = _context(host, settings)
            doors = Doors(
                ask=lambda request: self._send(watch_script(request), _slice_s(request), variables),
                read=lambda request: self._send(script(request), request["timeout_s"], variables),
                show=lambda line: Display().display(terminal(f"{host}: {line}")),
                keep=_keeper(host, arguments["folder"]),
            )
            contract = {name: settings.contract[name] for name in settings.sections}
            ran = before.containers(RunFolder(arguments["run"]), host) if arguments["run"] else []
            if arguments["run"] and arguments["folder"]:
                rests_on(RunFolder(arguments["folder"]), RunFolder(arguments["run"]))
            course = Course(contract, context, _base(settings, context), asked, doors, ran)
            document = mask_texts(course.run())
        except ContractError as error:
            raise Refused(error, host) from error
        except StoreError as error:
            raise Refused(error) from error
        return {"changed": False, "watched": True, **_summary(document, settings.environment)}

    def _send(self, program: bytes, limit_s: float, variables: Json) -> Json:
        if os.getppid() != self._play:
            # The process of a host is in a session of its own: it outlives a play that was killed.
            raise Refused("the play that asked for this watch has ended")
        most_s = limit_s + _SPARE_S
        try:
            # The clock of a task that has a time limit of its own is in use already.
            with contextlib.nullcontext() if self._task.timeout else _no_longer_than(most_s):
                result = self.run_script(_MODULE, program, variables)
        except _TooLate:
            raise HostUnseen("timeout", f"the connection was silent: nothing came back within {most_s:.0f} s") from None
        except AnsibleConnectionFailure as error:
            raise HostUnseen("unreachable", mask(str(error))) from error
        except NotBecome as error:
            raise HostUnseen("failed", str(error)) from error
        if result.get("unreachable"):
            raise HostUnseen("unreachable", mask(str(result.get("msg", "the host cannot be reached"))))
        if result.get("failed") or not isinstance(result.get("answer"), dict):
            raise HostUnseen("failed", unanswered(result))
        answer: Json = result["answer"]
        return answer


class _TooLate(BaseException):
    """No Exception: those are caught and tried again on the way up."""


@contextlib.contextmanager
def _no_longer_than(seconds: float) -> t.Iterator[None]:
    """End what a connection that died without a word would keep waiting for hours. Raises _TooLate."""

    def ring(_number: int, _frame: types.FrameType | None) -> t.NoReturn:
        raise _TooLate

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _slice_s(request: Json) -> float:
    """Return what a slice may take on the host: its own time, and that of its last look."""
    return float(request["watch"]["budget_s"] + request["timeout_s"])


def _context(host: str, settings: Settings) -> Context:
    return Context(
        host=host,
        root=settings.root,
        cache=Cache(default_folder(os.environ)),
        contract=settings.contract,
        declared=settings.contract,
        public=settings.public_values,
    )


def _base(settings: Settings, context: Context) -> Json:
    """Return what all requests of a watch have in common."""
    configs = settings.contract.get("configs")
    return {
        "root": settings.root,
        "workers": settings.workers,
        "nice": settings.nice,
        "key": None,
        "public": list(settings.public_values),
        "secrets": exchange("configs", configs, context).request() if configs else {},
    }


def _keeper(host: str, folder: str | None) -> t.Callable[[Json], None]:
    """Return what keeps the document: with each slice, so that whatever ends the watch leaves how far it came."""

    def keep(document: Json) -> None:
        if folder is not None:
            RunFolder(folder).write(file_of(host), mask_texts(document))

    return keep


def _summary(document: Json, environment: str) -> Json:
    made = checks(document, environment)
    outcomes = collections.Counter(check["outcome"] for check in made)
    return {
        "window": document["window"],
        "outcomes": dict(sorted(outcomes.items())),
        "checks": made,
        "wrong": [terminal(check["summary"]) for check in made if check["outcome"] in _WRONG],
    }
