# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the memory of a host lasted for a window. Private to the collection. Pure.

What was killed because it reached a limit of its own says nothing of the host, nor of what was changed on it: what is
watched has a check of its own that fails.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import Maker, happened, unseen

Json = dict[str, t.Any]

_BEFORE = "it was watched by a version that did not ask whose memory ran out"


def host(make: Maker, one: Json) -> Json:
    """Return the check of the host's memory from its part of a document (``docs/design.md``)."""
    used, kills = one["used_percent"], one["oom_kills"]
    of_host, limited, reason = one.get("of_host", 0), one.get("limited", {}), one.get("untold", _BEFORE)
    untold = kills - of_host - sum(limited.values())
    observed = {"used_percent": used, "oom_kills": kills, "of_host": of_host, "limited": limited, "untold": untold}

    def made(outcome: str, summary: str) -> Json:
        return make.check("memory", "host", outcome, summary, {"oom_kills": 0}, observed, "memory")

    named = ", ".join(f"{name} ({count})" for name, count in limited.items())
    within = f"; {_processes(sum(limited.values()))} within a limit of their own: {named}" if limited else ""
    if of_host:
        text = f"The host ran out of memory: the kernel killed {_processes(of_host)}, for which no limit accounts"
        return made("fail", f"{text}{within}{happened(one)}")
    if untold:
        text = f"The kernel killed {_processes(untold)} for want of memory. Whose ran out cannot be told: {reason}"
        counted = "counted is the whole kernel, with other applications and other containers on it"
        return made("fail", f"{text}; {counted}{within}{happened(one)}")
    reason = unseen(one) or ("" if one["counted"] else "this kernel does not count what it kills for want of memory")
    if reason:
        return made("unknown", f"The host's memory: {reason}")
    text = f"The host used {used['least']:g} to {used['most']:g} % of its memory"
    if limited:
        text = f"{text}. What was killed had reached a limit of its own, which is no want of memory of the host"
        return made("observation", f"{text}: {named}{happened(one)}")
    return made("pass", f"{text}, and killed nothing for want of it")


def _processes(count: int) -> str:
    return number(count, "process", "processes")
