# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared gates that look at the control node: at the reference's work tree, and its tests. Private to the
collection.
"""

from __future__ import annotations

import os
import shlex
import tempfile
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.program import last_words
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, mask_argv
from ansible_collections.evenkeel.drift.plugins.module_utils.observe import git as git_collector
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.sync import SyncSettings
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import gates, order
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import git, process
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.git_side import GitSide
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.cache import Cache

_LOOK_SECONDS = 120
_LAST_LINES = 12
_CHANGES = ("modified", "deleted", "mode", "conflicted", "untracked")

Json = dict[str, t.Any]


def plan_gates(settings: SyncSettings, plan: Json, now_s: float, cache: Cache, output_dir: str) -> list[Json]:
    """Return the gates of a whole plan: those that are declared are asked, the others say that they are not.

    ``output_dir`` is where the runs are.
    """
    references = plan["references"]
    return [
        gates.approval(settings, plan["id"]),
        gates.window(settings.window, now_s),
        order.after(settings, plan, output_dir),
        clean_reference(settings, references, cache),
        tests(settings, references),
    ]


def clean_reference(settings: SyncSettings, references: t.Sequence[Json], cache: Cache) -> Json:
    """The work tree that the commit comes from holds nothing that is not committed."""
    if not settings.clean_reference:
        return gates.not_declared(
            "clean_reference", "sync_clean_reference is not set: the commit counts, not its work tree"
        )
    for about in references:
        reason = _unclean(about, cache)
        if reason:
            return gates.refused(
                "clean_reference", f"{quoted(about['repo'])} {reason}: commit or remove that, and deploy again"
            )
    return gates.passed("clean_reference", "the reference's work tree holds no uncommitted changes")


def _unclean(about: Json, cache: Cache) -> str:
    """Return what of a work tree is not committed, or cannot be told. The collector of audits looks at it, no git."""
    try:
        ignored = GitSide(about["id"], about, cache).ignored()[0]
        data = git_collector.collect({"path": ".", "ignore": ignored}, Host(about["repo"], _LOOK_SECONDS))
    except (Unseen, OSError, ReferenceUnavailable) as error:
        return f"could not be looked at ({error})"
    if data["repository"] != "present":
        return f"could not be looked at ({data['reason']})"
    if data["layout"] == "bare":
        return ""
    changes = data["changes"]
    if changes["outcome"] != "ok" or changes["unverified"]:
        return f"could not be seen whole ({changes['reason'] or changes['unverified'][0]['reason']})"
    count = sum(len(changes[name]) for name in _CHANGES)
    if data["index"].get("outcome") == "ok" and data["operation"]:
        return f"is in the middle of a {data['operation']}"
    return f"holds {number(count, 'uncommitted change')}" if count else ""


def tests(settings: SyncSettings, references: t.Sequence[Json]) -> Json:
    """The operator's own command succeeds in a fresh checkout of the commit."""
    if settings.tests is None:
        return gates.not_declared("tests", "sync_tests is not set: no command is run before a deploy")
    shown = mask(shlex.join(mask_argv(settings.tests)))
    for about in references:
        try:
            done = _run(settings, about)
        except ReferenceUnavailable as error:
            return gates.refused("tests", f"{shown} could not be run: {error.reason}")
        if done.code != 0:
            ended = f"{shown} ended with {done.code} in a checkout of {about['commit'][:12]}"
            said = last_words(done.output, _LAST_LINES)
            return gates.refused("tests", f"{ended}: repair that first. It said: {said or 'nothing'}")
    return gates.passed("tests", f"{shown} succeeded, within {duration(settings.tests_timeout)}")


def _run(settings: SyncSettings, about: Json) -> process.Done:
    argv = settings.tests or []
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "USER") if name in os.environ}
    with Repository(about["repo"]) as repository, tempfile.TemporaryDirectory(prefix="evenkeel-") as folder:
        git.checkout(repository, about["commit"], folder)
        return process.succeeds(argv, kept, folder, float(settings.tests_timeout))
