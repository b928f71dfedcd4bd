# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a commit of what exists only on a host, in a bundle and a patch of its own: the operator's repository is not
written to. Private to the collection.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable

_WHO = ("-c", "user.name=evenkeel.drift", "-c", "user.email=evenkeel.drift@localhost")
# The folder of a repository, however file systems may spell it.
_RESERVED = re.compile(rb"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL)

Json = dict[str, t.Any]


class Work(t.NamedTuple):
    """A path to commit: its git mode (``100644``, ``100755``, ``120000``) and its content, or the target of a link."""

    path: str
    mode: str
    content: bytes


def refused(path: str) -> str:
    """Return why git takes no file of this path into a commit, empty text when it does."""
    if any(_RESERVED.fullmatch(part) for part in re.split(rb"[/\\]", raw(path))):
        return "git keeps nothing of this name: archive it by hand"
    return ""


def commit(repo: str, base: str, works: t.Sequence[Work], branch: str, message: str, folder: str) -> Json:
    """Write ``work.bundle``, with the branch, and ``work.patch`` into ``folder``; return ``{commit, base, branch}``.

    The commit stands on ``base``, which the bundle does not hold. Content is committed byte for byte as it was on the
    host. Raises ReferenceUnavailable.
    """
    with Repository(repo) as repository:
        index = os.path.join(repository.scratch(), "index")
        repository.run("read-tree", base, index=index)
        lines = []
        for work in works:
            done = repository.run("hash-object", "-w", "--no-filters", "--stdin", stdin=work.content)
            lines.append(
                f"{work.mode} {done.output.decode('ascii').strip()}\t".encode("ascii") + raw(work.path) + b"\0"
            )
        repository.run("update-index", "-z", "--index-info", stdin=b"".join(lines), index=index)
        # Git leaves out what it does not like, and says that all went well.
        listed = repository.run("ls-files", "--stage", "-z", index=index).output.split(b"\0")
        taken = {line.replace(b" 0\t", b"\t", 1) for line in listed}
        for work, line in zip(works, lines, strict=True):
            if line.rstrip(b"\0") not in taken:
                raise ReferenceUnavailable(f"git did not take {work.path} into the rescue: archive it by hand")
        tree = repository.run("write-tree", index=index).output.decode("ascii").strip()
        made = repository.run(*_WHO, "commit-tree", tree, "-p", base, stdin=message.encode("utf-8"))
        oid = made.output.decode("ascii").strip()
        repository.run("update-ref", f"refs/heads/{branch}", oid)
        repository.run(
            "bundle", "create", "--quiet", os.path.join(folder, "work.bundle"), f"refs/heads/{branch}", f"^{base}"
        )
        patch = repository.run(
            "diff-tree", "-p", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", base, oid
        )
    with open(os.open(os.path.join(folder, "work.patch"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(patch.output)
    return {"commit": oid, "base": base, "branch": branch}
