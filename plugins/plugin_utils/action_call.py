# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One action of the collection running another one on its host. Private to the collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask

_MOVED_SHOWN = 5
_LOST = "the connection was lost; what was begun there is finished or taken back by the next deploy or rollback"

Json = dict[str, t.Any]


class CallingAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no types
    """An action that runs others on its host, and copies no file there itself."""

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False


class Failed(Exception):
    """The other action did not succeed. The message says why, and what it left behind; ``outcome`` is its word, and
    ``point`` the restore point that leads back, where it named one.
    """

    def __init__(self, reason: str, outcome: str = "", point: str | None = None) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.point = point


def call(me: ActionBase, name: str, arguments: Json, check: bool, variables: Json) -> Json:
    """Run another action in the place of ``me``, in check mode if that is asked or on, and return its result.

    Arguments that are None are left out. Raises Failed.
    """
    action = other(me, name, arguments, check)
    with failing():
        return answered(action.run(task_vars=variables))


def other(me: ActionBase, name: str, arguments: Json, check: bool = False) -> t.Any:
    """Return another action in the place of ``me``, as :func:`call` runs it."""
    task = me._task.copy()
    task.args = {key: value for key, value in arguments.items() if value is not None}
    task.check_mode = check or me._task.check_mode
    return me._shared_loader_obj.action_loader.get(
        name,
        task=task,
        connection=me._connection,
        play_context=me._play_context,
        loader=me._loader,
        templar=me._templar,
        shared_loader_obj=me._shared_loader_obj,
    )


@contextlib.contextmanager
def failing() -> t.Iterator[None]:
    """Raise Failed for what Ansible raises of another action."""
    try:
        yield
    except AnsibleConnectionFailure as error:
        raise Failed(f"{_LOST}: {mask(str(error))}", "unreachable") from error
    except AnsibleError as error:
        raise Failed(mask(str(error))) from error


def answered(result: Json) -> Json:
    """Return the result of another action. Raises Failed when it says that it did not succeed."""
    if result.get("unreachable"):
        raise Failed(f"{_LOST}: {_said(result)}", "unreachable")
    if result.get("failed"):
        raise Failed(_said(result), str(result.get("outcome") or ""), result.get("point"))
    return result


def _said(result: Json) -> str:
    """Return why a module failed, with the paths that are no longer as planned."""
    said = mask(str(result.get("msg") or "the host gave no reason"))
    moved = result.get("moved") or []
    lines = [_moved(one) for one in moved[:_MOVED_SHOWN]]
    more = [f"and {len(moved) - _MOVED_SHOWN} more"] if len(moved) > _MOVED_SHOWN else []
    return "; ".join([said, *lines, *more])


def _moved(one: Json | str) -> str:
    # A rollback names the path alone: what it expected may be a secret.
    return one if isinstance(one, str) else f"{one['path']} was {one['expected']}, is {one['found']}"
