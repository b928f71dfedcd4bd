# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions share that send a host one script of their own in the place of a module. Private to the
collection.
"""

from __future__ import annotations

import dataclasses
import re
import signal
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleUndefinedConfigEntry
from ansible.plugins.action import ActionBase
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange import kept
from ansible_collections.evenkeel.drift.plugins.plugin_utils.exchange.kept import Kept
from ansible_collections.evenkeel.drift.plugins.plugin_utils.refused import Refused

_LONGEST = 500
NOT_KNOWN = (
    "what it did until then is not known: run the deploy or the rollback again, which finishes what was begun or takes "
    "it back"
)
_NOT_RUN = "; nothing was run there"
_HOW_TO_GIVE_IT = ": give the password for become with -K (--ask-become-pass), or let the host ask this user for none"
# What the connection of SSH says, by what it finds in what came back, when it is not made. It has no class of its own.
_SSH = ("Using a SSH password instead of a key", "using -c ssh on certain older ssh versions")
# What a shell ends with when it cannot run a program, or there is none of that name.
_NEVER_BEGUN = (126, 127)
# How a shell tells of a program that was ended by a signal: its number and this.
_SHELL = 128
_SIGNALS = {int(one): one.name for one in signal.Signals}

Json = dict[str, t.Any]


class NotBecome(Refused):
    """The user of the connection did not become the one that was asked for: nothing was run."""


class ScriptAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """An action that sends a script over the pipelined connection: nothing of it is written on the host."""

    _supports_async = False
    TRANSFERS_FILES = False

    _script = b""

    def run_script(self, module: str, script: bytes, variables: Json) -> Json:
        """Return what a script prints on the host. ``module`` documents it, and its text is the marker by which
        ansible-core knows such a script. Raises AnsibleConnectionFailure, NotBecome.
        """
        self._script = script
        self._pipe()
        try:
            result: Json = self._execute_module(module_name=module, module_args={}, task_vars=variables)
        except AnsibleError as error:
            # A wrong or a missing password has no class of its own; what has one is another matter.
            if error.__class__ is not AnsibleError:
                raise
            said = mask(" ".join(str(error).split()))[:_LONGEST]
            if said.startswith(_SSH):
                raise AnsibleConnectionFailure(said) from error
            become = self._connection.become
            if become is None:
                raise
            missing = "password" in said and re.search(rf"\b(?:become|{re.escape(str(become.name))})\b", said)
            raise NotBecome(f"{said}{_NOT_RUN}{_HOW_TO_GIVE_IT if missing else ''}") from error
        return result

    def run_kept(self, module: str, make: t.Callable[[Kept | None], bytes], variables: Json) -> Json:
        """Return what the script prints that ``make`` returns for the code which the host keeps, None outside of a
        deploy; where that is not there any more, what the whole script prints.
        """
        there = kept.of(variables)
        result = self.run_script(module, make(there), variables)
        if there is None or result.get(kept.MISSING) is not True:
            return result
        # Nothing was run of a script of which a part was missing.
        return self.run_script(module, make(there._replace(names=frozenset())), variables)

    def _pipe(self) -> None:
        """Ask for a pipe: over one the script is never a file on the host, whatever ansible.cfg says."""
        try:
            self._connection.set_option("pipelining", True)
        except AnsibleUndefinedConfigEntry:
            # A connection without an option of its own, such as that into containers, looks at the play's.
            self._play_context.pipelining = True

    def _configure_module(self, module_name: str, module_args: Json, task_vars: Json) -> t.Any:
        """Let ansible-core find interpreter and shebang, and put our script in the place of the module's text."""
        built, path = super()._configure_module(module_name=module_name, module_args=module_args, task_vars=task_vars)
        return dataclasses.replace(built, b_module_data=self._script), path


def unanswered(result: Json, touches: bool = False) -> str:
    """Return why a script gave no answer of its own, and what follows from that when it ``touches`` the host.

    Of a traceback the last line is the message. Whatever else the host wrote stays there: it may hold anything.
    """
    said = mask(_ending(result))[:_LONGEST].rstrip(".")
    if result.get("rc") in _NEVER_BEGUN:
        return f"{said}; nothing was run there: ansible_python_interpreter must name a Python that the host has"
    return f"{said}; {NOT_KNOWN}" if touches else said


def _ending(result: Json) -> str:
    code = result.get("rc")
    error = str(result.get("module_stderr") or "").strip().splitlines()[-1:]
    if not isinstance(code, int) or str(result.get("module_stdout") or "").strip():
        return ": ".join([str(result.get("msg") or "no answer came back"), *error])
    number = -code if code < 0 else code - _SHELL
    if number in _SIGNALS:
        return f"the program on the host was ended by {_SIGNALS[number]} before it gave an answer"
    return ": ".join([f"the program on the host ended without an answer (exit code {code})", *error])
