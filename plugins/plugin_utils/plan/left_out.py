# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a path that drifted is not part of a plan, and what would make it part of one. Private to the collection."""

from __future__ import annotations

import typing as t

HOST_WORK = "host_work"
"""The kind of what exists only on the host: nothing overwrites it unasked."""

KINDS = (
    HOST_WORK,
    "removed",
    "secret",
    "forbidden",
    "waived",
    "special",
    "in_the_way",
    "attributes",
    "unnamed",
    "moved",
)

_SAVE = (
    "rescue it (evenkeel.drift.rescue) or commit it to any branch of the reference's repository: then it is replaced; "
    "-e sync_overwrite_host_work=true replaces it unsaved (the restore point keeps it)"
)


class LeftOut(t.NamedTuple):
    """A path that a plan leaves as it is: one of ``KINDS``, the reason, and what would make the path part of it."""

    path: str
    kind: str
    reason: str
    cure: str


def host_work(path: str, because: str) -> LeftOut:
    """The host has its own version of a path that the reference has too."""
    return LeftOut(path, HOST_WORK, because, _SAVE)


def surplus(path: str, because: str) -> LeftOut:
    """The host has a path that the reference lacks, and nothing says that the reference removed it."""
    return LeftOut(
        path,
        HOST_WORK,
        because,
        "commit it, ignore it, or rescue it (evenkeel.drift.rescue): then -e sync_prune=true removes it; with "
        "-e sync_overwrite_host_work=true as well, unsaved (the restore point keeps it)",
    )


def removed(path: str) -> LeftOut:
    """The reference has removed a path since the commit that the host was deployed from."""
    return LeftOut(path, "removed", "the reference has removed it", "-e sync_prune=true removes it")


def unlisted(path: str) -> LeftOut:
    """A whole directory of the host, of which no more is known than its name and how much it holds."""
    return LeftOut(
        path,
        HOST_WORK,
        "a whole directory that exists only on the host",
        "look at it, then commit, ignore or remove it",
    )


def secret(path: str) -> LeftOut:
    """A file whose content never travels."""
    return LeftOut(
        path,
        "secret",
        "a file of a secret class: its content is never sent",
        "put it there by the way your secrets take",
    )


def forbidden(path: str, files: int = 1) -> LeftOut:
    """Pollution, by the contract's word."""
    what = "the contract forbids it" if files == 1 else f"{files} files that the contract forbids"
    return LeftOut(path, "forbidden", what, "look at it; the proposal clean-up moves it into the restore point")


def waived(path: str, waiver: t.Mapping[str, t.Any]) -> LeftOut:
    """A difference that somebody accepted."""
    owner = f" by {waiver['owner']}" if waiver.get("owner") else ""
    return LeftOut(
        path,
        "waived",
        f"waived{owner} until {str(waiver.get('expires'))[:10]}: {waiver.get('reason')}",
        "remove the waiver",
    )


def special(path: str, because: str, cure: str) -> LeftOut:
    """Something that cannot be made from a commit of the repository."""
    return LeftOut(path, "special", because, cure)


def of_podman(path: str) -> LeftOut:
    """What runs in an engine of which no restore point can be made."""
    return special(
        path,
        "it runs in Podman, of whose containers no restore point can be made: a change of it could not be undone",
        "bring it along by hand, with podman or podman-compose on the host",
    )


def uncovered(path: str) -> LeftOut:
    """A file that another commit has otherwise, and that the contract's trees do not hold."""
    return special(
        path,
        "no tree of the contract covers it: the repository moves, the file stays, and git shows it as changed",
        "let a tree of the contract cover it, then deploy again",
    )


def in_the_way(path: str, other: str) -> LeftOut:
    """A file where a directory is to be, or the other way round."""
    return LeftOut(path, "in_the_way", f"on the host, {other} is in its place", f"look at {other}, then move it away")


def attributes(path: str, aspects: t.Sequence[str]) -> LeftOut:
    """A difference that a commit says nothing about."""
    return LeftOut(path, "attributes", f"another {' and '.join(aspects)}, which no commit records", "set it by hand")


def unnamed(path: str) -> LeftOut:
    """A path whose very name looks like a secret, and was masked."""
    return LeftOut(path, "unnamed", "its name looks like a secret and is masked", "rename it, or deploy it by hand")


def moved(path: str) -> LeftOut:
    """A path of which evidence and reference say different things."""
    return LeftOut(path, "moved", "the reference holds another version than the audit compared with", "audit again")
