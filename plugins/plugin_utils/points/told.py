# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator is told about a restore point: sentences with the figures. Private to the collection."""

from __future__ import annotations

import typing as t

_SHOWN = 10
_NOT_SAVED = "it has no databases outside these files, no volumes"
_NO_OTHERS = "it has no databases outside these files, no other volumes"
_NOT_TOUCHED = "not touched: files that the point does not have"
_LEVELS = ("config", "containers", "full")
_DONE = {
    "write": "written",
    "link": "linked",
    "directory": "given its attributes back",
    "attributes": "given its attributes back",
    "remove": "removed",
    "remove_directory": "removed when empty",
    "replace": "replaced by what it was",
    "make": "made again",
    "finish": "brought to its end, where an interrupted rollback left it",
    "start": "started",
    "stop": "stopped",
    "restart": "started anew",
}
_ABOUT_GIT = {
    "absent": "there is no repository here",
    "not_asked": "the repository was not asked for",
    "unknown": "the state of the repository is NOT in it",
}

Json = dict[str, t.Any]


def sentences(state: str, check: bool, result: Json) -> list[str]:
    """Return the lines about what was done with a restore point, or would be."""
    if state == "present":
        return _planned(result) if check else _made(result)
    returned = [f"restore point {result['point']} was brought back from the restic repository"]
    if state in ("verified", "restored") and result.get("returned"):
        return returned + sentences(state, check, {**result, "returned": False})
    if state == "verified":
        return [
            f"restore point {result['point']} of {result['created']} is whole: {_size(result)}, read back in "
            f"{_seconds(result)}"
        ]
    if state == "restored":
        return _restored(check, result)
    word = {"bad": "marked bad", "absent": "removed"}[state]
    line = f"restore point {result['point']} {'would be' if check else 'is'} {word}"
    return [line] * bool(result["changed"]) + [f"  {note}" for note in result.get("notes", [])]


def _planned(result: Json) -> list[str]:
    images = f", and archives of images of about {_amount(result['images'])}" if result["images"] else ""
    images += f", and volumes of {_amount(result['volumes'])}" if result.get("volumes") else ""
    running = _running(result["running"])
    size = f"{_size(result)}{', ' + running if running else ''}{images}"
    return [f"a restore point would have {size}; nothing was written", *(f"  {note}" for note in result["notes"])]


def _made(result: Json) -> list[str]:
    lines = [f"restore point {result['point']}: {_size(result)}, written and read back in {_seconds(result)}"]
    running = _running(result["running"])
    lines += [f"  {running}"] if running else []
    lines += [f"  {line}" for line in [*_git(result["git"]), *result["notes"]]]
    lines += [f"  a rollback {level} brings back {_levels(result, level)}" for level in _LEVELS if running]
    not_saved = _NOT_SAVED if not result["running"].get("volumes") else _NO_OTHERS
    lines.append(f"  {not_saved}" if running else f"  {not_saved}, no containers and no units")
    if result["pruned"]:
        lines.append(f"  removed, since newer ones are kept: {', '.join(result['pruned'])}")
    return lines + [f"  {line}" for line in [*_elsewhere(result.get("restic")), *_fetched(result.get("fetched"))]]


def _fetched(kept: Json | None) -> list[str]:
    if kept is None:
        return []
    lines = [f"fetched, encrypted by its host, in {_seconds(kept)}: {kept['path']}, {_amount(kept['bytes'])}"]
    return lines + ([f"removed there, since newer ones are kept: {', '.join(kept['removed'])}"] * bool(kept["removed"]))


def _elsewhere(kept: Json | None) -> list[str]:
    """Return what is told of a point's second place; nothing when there is none."""
    if kept is None:
        return []
    lines = [
        f"kept in the restic repository {kept['repository']} as well, snapshot {kept['snapshot']}: encrypted here, "
        f"brought there and read back in {_seconds(kept)}"
    ]
    if kept["forgotten"]:
        lines.append(f"forgotten there, since newer ones are kept: {', '.join(kept['forgotten'])}")
    return [*lines, *kept["notes"]]


def _git(git: Json) -> list[str]:
    if git["outcome"] != "saved":
        reason = f": {git['reason']}" if git["reason"] and git["outcome"] == "unknown" else ""
        return [_ABOUT_GIT[git["outcome"]] + reason]
    where = f"branch {git['branch']}" if git["branch"] else "a detached HEAD"
    commit = f" at {git['head'][:12]}" if git["head"] else ", without a commit yet"
    lines = [f"the repository: {where}{commit}"]
    if git["commit"] not in (None, git["head"]):
        lines.append(f"uncommitted work is kept as commit {git['commit'][:12]}, {git['ref'] or 'without a ref'}")
    left_out = git["left_out"]
    if left_out:
        named = ", ".join(one["path"] for one in left_out[:_SHOWN])
        lines.append(
            f"not in that commit, but in the files of this point where it saved them: {named}{_more(left_out)}"
        )
    return lines + [str(note) for note in git["notes"]]


def _restored(check: bool, result: Json) -> list[str]:
    lines = []
    if result["recovered"]:
        lines.append(f"an interrupted change was finished first: {result['recovered'].get('direction')}")
    lines += [f"  {one['path']}: {'would be ' if check else ''}{_done(one)}" for one in result["changes"][:_SHOWN]]
    if result["total"] > _SHOWN:
        lines.append(f"  and {result['total'] - _SHOWN} more")
    lines += [f"  not brought back: {one['path']}: {one['reason']}" for one in result["left"][:_SHOWN]]
    lines += [
        f"  NOT brought back: {one['kind']} {one['path']}: {one['reason']}" for one in result["not_back"][:_SHOWN]
    ]
    lines += [f"  {one}" for one in result["proven"]]
    lines += [f"  {note}" for note in result["notes"][:_SHOWN]]
    lines += [f"  and {len(result['notes']) - _SHOWN} more notes"] if len(result["notes"]) > _SHOWN else []
    point = f"restore point {result['point']} of {result['created']}"
    took = f"{_seconds(result)} of {result['budget_s']} s"
    if check:
        lines.append(
            f"{point} is whole; {result['total']} changes lead to its level {result['level']}; nothing was changed; "
            f"rehearsed in {took}"
        )
        return lines
    kept = result.get("volumes_left") or []
    if kept:
        lines.append(f"the content of the volumes {', '.join(kept)} was left as it is")
    if result["saved"]:
        lines.append(f"what was replaced is kept as restore point {result['saved']}, which no rollback picks by itself")
    if result["at_point"]:
        done = f"{result['total']} changes" if result["total"] else "nothing had to be changed"
        what = "every path is" if result["level"] == "config" else f"everything of the level {result['level']} is"
        what = what if not kept else f"everything of the level {result['level']} but the content of volumes is"
        lines.append(f"{what} as {point} has it, compared one by one; {done}; took {took}")
    else:
        apart = result["apart"]
        lines.append(f"NOT as {point} has it: {', '.join(apart[:_SHOWN])}{_more(apart)}; took {took}")
    lines.append(f"  {'; '.join([_NOT_TOUCHED, *result['leaves']])}")
    return lines


def _running(running: Json) -> str:
    """Return what a point has of what runs, in words; nothing when it has nothing of it."""
    named = (("units", "unit"), ("containers", "container"), ("images", "image"), ("volumes", "volume"))
    counts = [(running.get(key, 0), word) for key, word in (*named, ("outside", "path outside the root"))]
    several = {"path outside the root": "paths outside the root"}
    return ", ".join(
        f"{count} {word if count == 1 else several.get(word, word + 's')}" for count, word in counts if count
    )


def _levels(result: Json, level: str) -> str:
    return ", ".join(result["levels"][level]["restores"]) or "nothing"


def _done(change: Json) -> str:
    return "made" if change["do"] == "directory" and change["found"] == "absent" else _DONE[change["do"]]


def _more(listed: t.Sequence[t.Any]) -> str:
    return f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""


def _size(result: Json) -> str:
    return f"{result['files']} file{'' if result['files'] == 1 else 's'}, {_amount(result['bytes'])}"


def _amount(count: int) -> str:
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.1f} {unit}" if unit != "bytes" else f"{size:.0f} bytes"


def _seconds(result: Json) -> str:
    return f"{result['seconds']:.1f} s"
