# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One collector run by a module of its own, outside of an audit, under the same rules for secrets. Private to the
collection.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask_texts
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.answer import mask_answer
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.crash import describe_crash
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

Json = t.Dict[str, t.Any]
Collector = t.Callable[[t.Mapping[str, t.Any], Host], Json]


class Crashed(Exception):
    """A collector ended by an error that nobody foresaw. The message tells its kind and place, not what it said."""


@contextlib.contextmanager
def crashing_quietly() -> t.Iterator[None]:
    """Keep the message of an error that nobody foresaw out of the module's result: it can quote what was just read."""
    try:
        yield
    except Unseen:
        raise
    except Exception as error:
        # Whatever it is: only its kind and place are told, and the module fails by it.
        raise Crashed(describe_crash(type(error), error.__traceback__)) from None


def observe_alone(collect: Collector, spec: t.Mapping[str, t.Any], host: Host) -> Json:
    """Return what a collector sees, without the secrets that it has read. Raises Unseen, Crashed."""
    with crashing_quietly():
        data = collect(spec, host)
    return shown(data, host, spec)


def shown(data: Json, host: Host, asked: t.Any = None) -> Json:
    """Return data without secrets: those that ``host`` has learned, and whatever looks like one, in names as well."""
    found: Json = mask_texts(mask_answer({"data": data}, host.learned, asked)["data"])
    return found
