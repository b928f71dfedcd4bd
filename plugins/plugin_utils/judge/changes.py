# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that was interrupted on a host, or is under way, as its own record says. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.module_utils.act.journal_form import ROLLBACK_BEGUN, STOPPED_PHASE
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.scope import Scope
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, some

_CHECK = "change"
_LEVEL = "critical"
_IMPACT_STOPPED = "What these containers do is not done."
_IMPACT = "Some of its paths may be new and others old. Nothing else is changed on this host before it is finished."


def judge(scope: Scope, settings: Details) -> list[Check]:
    """Return the check of the host's record of changes: none where it has none and nobody asked for it."""
    seen, host = scope.context.changes, scope.context.host
    if seen is None or seen["outcome"] == "none":
        return []
    application = str(settings.get("application", ""))
    if seen["open"] is not None:
        return [_open(scope, application, str(settings.get("root", "/")), seen)]
    if seen["outcome"] != "ok":
        said = f"Whether a change of {application} was interrupted on {host} is not known: {seen['reason']}"
        return [scope.unknown(_CHECK, application, _LEVEL, said)]
    if seen["under_way"] is not None:
        held = seen["under_way"]
        said = (
            f"A change of {application} is under way on {host}: {held['why']}, by {held['who']}, process "
            f"{held['pid']}, since {held['since']}: what was seen may be half old and half new"
        )
        return [scope.unknown(_CHECK, application, _LEVEL, said, observed=held)]
    return [scope.passed(_CHECK, application, _LEVEL, f"No change of {application} was interrupted on {host}")]


def _open(scope: Scope, application: str, root: str, seen: Details) -> Check:
    found, host = seen["open"], scope.context.host
    state_dir = seen["path"].rpartition("/")[0]
    command = (
        f"ansible {host} -m evenkeel.drift.apply_plan "
        f"-a 'application={application} state=recovered state_dir={state_dir}' with the inventory of this audit"
    )
    if found["damaged"]:
        summary = (
            f"A change of {application} was interrupted on {host}, and its journal in {seen['path']} cannot be used: "
            f"{found['damaged']}"
        )
        cure = "Finish it by hand, as docs/changes.md says: what it replaced lies beside its files."
    else:
        by = f", by {found['who']}" if found["who"] else ""
        began = f"{found['why']}{by}, begun {found['started']}"
        summary = f"A change of {application} was interrupted on {host}: {began}, {_left(found)}"
        way = "finishes it" if found["direction"] == "forward" else "takes it back"
        cure = f"The next deploy or rollback of {host} {way} first. To do only that: {command}."
        if found["phase"] == STOPPED_PHASE:
            cure = f"The next backup or rollback of {host} starts them; or start them by hand."
    return scope.failed(
        _CHECK,
        application,
        _LEVEL,
        summary,
        state="failed",
        cause="interrupted_change",
        remedy=remedy("finish_operation", cure),
        observed={"state_dir": seen["path"], **found},
        impact=_IMPACT_STOPPED if found["phase"] == STOPPED_PHASE else _IMPACT,
    )


def _left(found: Details) -> str:
    """Return how far an interrupted change came."""
    if found["paths"] is not None:
        return f"{number(found['paths'], 'path')} below {found['root']} (journal {found['journal']}, {found['phase']})"
    if found["phase"] == STOPPED_PHASE:
        return f"containers were stopped for it, and not started again: {some(found['services'])}"
    if found["phase"] == ROLLBACK_BEGUN:
        return f"it was about to bring files back, and what follows them is not done: {some(found['services'])}"
    return f"its files are in place, and what follows them is not done: {some(found['services'])}"
