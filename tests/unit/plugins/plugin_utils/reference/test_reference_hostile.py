# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a repository can make git run a program, against every command that we run in it."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import (
    commit_manifest,
    git,
    history,
    nearest,
    objects,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.gitcmd import Repository
from ansible_collections.evenkeel.drift.plugins.plugin_utils.store.directories import Directories
from reference_repos import Repo, fingerprint, sha256

HOOKS = "pre-commit post-checkout post-index-change post-commit reference-transaction fsmonitor-watchman update"
HOOKS += " post-merge pre-auto-gc post-rewrite proc-receive sendemail-validate"

# What is planted: settings, where $X is a program that leaves a marker.
SETTINGS: dict[str, list[str]] = {
    "fsmonitor": ["core.fsmonitor=$X"],
    "hooks path": ["core.hooksPath=$D"],
    "alias": ["alias.log=!$X", "alias.lg=!$X", "alias.version=!$X", "alias.st=!$X"],
    "filter clean and smudge": ["filter.evil.clean=$X", "filter.evil.smudge=$X", "filter.evil.required=true"],
    "filter process": ["filter.evil.process=$X"],
    "lfs filter": ["filter.lfs.process=$X", "filter.lfs.smudge=$X", "filter.lfs.clean=$X"],
    "diff command": ["diff.evil.command=$X"],
    "diff textconv": ["diff.evil.textconv=$X"],
    "external diff": ["diff.external=$X"],
    "merge driver": ["merge.evil.driver=$X", "merge.default=evil"],
    "ssh command": ["core.sshCommand=$X", "remote.origin.url=ssh://example.org/x"],
    "editor": ["core.editor=$X"],
    "sequence editor": ["sequence.editor=$X"],
    "pager": ["core.pager=$X", "pager.log=$X", "pager.status=$X", "pager.diff=$X", "pager.branch=$X"],
    "askpass": ["core.askPass=$X"],
    "credential helper": ["credential.helper=!$X", "remote.origin.url=https://example.org/x"],
    "include": ["include.path=$D/included"],
    "conditional include": ["includeIf.gitdir:/.path=$D/included"],
    "foreign work tree": ["core.worktree=$D"],
    "attributes file": [
        "core.attributesFile=$D/attributes",
        "filter.everywhere.smudge=$X",
        "filter.everywhere.clean=$X",
    ],
    "excludes file": ["core.excludesFile=$D/fifo"],
    "gpg program": ["gpg.program=$X", "log.showSignature=true", "commit.gpgSign=true"],
    "gpg ssh program": ["gpg.format=ssh", "gpg.ssh.program=$X", "log.showSignature=true"],
    "pack objects hook": ["uploadpack.packObjectsHook=$X"],
    "ext protocol": ["protocol.ext.allow=always", "remote.origin.url=ext::$X"],
    "insteadOf": ["url.ext::$X .insteadOf=https://", "protocol.ext.allow=always", "remote.origin.url=https://x"],
    "submodule update": ["submodule.inner.update=!$X", "submodule.recurse=true", "submodule.inner.url=ext::$X"],
    "remote uploadpack": ["remote.origin.uploadpack=$X", "remote.origin.url=."],
    "remote receivepack": ["remote.origin.receivepack=$X"],
    "remote vcs": ["remote.origin.vcs=evil", "remote.origin.url=x"],
    "git proxy": ["core.gitProxy=$X", "remote.origin.url=git://example.org/x"],
    "alternate refs command": ["core.alternateRefsCommand=$X"],
    "trailer command": ["trailer.sign.command=$X", "trailer.sign.cmd=$X", "trailer.sign.ifmissing=add"],
    "recent objects hook": ["gc.recentObjectsHook=$X", "gc.auto=1"],
    "partial clone": [
        "core.repositoryformatversion=1",
        "extensions.partialClone=origin",
        "remote.origin.promisor=true",
        "remote.origin.url=ext::$X",
        "protocol.ext.allow=always",
    ],
    "worktree config": ["extensions.worktreeConfig=true"],
    "template folder": ["init.templateDir=$D"],
    "interactive filter": ["interactive.diffFilter=$X"],
    "difftool and mergetool": ["difftool.evil.cmd=$X", "mergetool.evil.cmd=$X", "diff.tool=evil", "merge.tool=evil"],
    "configured hooks": ["hook.evil.command=$X", "hook.evil.event=post-index-change"],
    "hook files": [],
    "precious objects": ["extensions.preciousObjects=true", "core.logAllRefUpdates=always"],
}

NAIVE = [
    ["status"],
    ["checkout", "-f", "main~1"],
    ["log", "-1", "--show-signature", "main"],
    ["diff", "main"],
    ["add", "-A"],
    ["lg"],
    ["fetch"],
    ["cat-file", "-p", "deadbeef"],
    ["commit", "--allow-empty", "-m", "x"],
    ["read-tree", "HEAD"],
    ["checkout-index", "-a", "-f"],
]


class Trap:
    """A repository with one vector, and the marker that a run program leaves."""

    def __init__(self, folder: Path, vector: str) -> None:
        self.markers = folder / "markers"
        self.markers.mkdir()
        self._evil = folder / "evil"
        self._evil.mkdir()
        self._program = self._script(self._evil / "program")
        self.repo = Repo(folder / "app")
        self._contents()
        self._plant(vector)

    def _script(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "$0 $@" >> {self.markers}/fired\n')
        path.chmod(0o755)
        return path

    def _contents(self) -> None:
        repo = self.repo
        repo.write(".gitattributes", "*.evil filter=evil diff=evil merge=evil\n*.bin filter=lfs\n")
        repo.write(".gitignore", "*.log\n")
        repo.commit("first", a__evil="1\n", b__bin="2\n", c__log="3\n", d="4\n")
        repo.commit("second", a__evil="2\n", d="5\n")
        repo.git("update-ref", "refs/remotes/origin/main", "HEAD~1")
        signed = repo.git("cat-file", "commit", "HEAD").replace(
            "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n\n", 1
        )
        commit = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed + "\n")
        repo.git("update-ref", "refs/heads/main", commit)
        repo.write("d", "dirty\n")

    def _plant(self, vector: str) -> None:
        for name in HOOKS.split():
            self._script(self._evil / name)
        (self._evil / "attributes").write_text("* filter=everywhere\n")
        included = Repo(self._evil / "config-maker")
        for key in ("core.fsmonitor", "diff.external", "core.pager"):
            included.git("config", "--file", str(self._evil / "included"), key, str(self._program))
        if vector == "hook files":
            for name in HOOKS.split():
                self._script(self.repo.path / ".git/hooks" / name)
        if vector == "worktree config":
            self.repo.git(
                "config", "--file", str(self.repo.path / ".git/config.worktree"), "core.fsmonitor", str(self._program)
            )
        for setting in SETTINGS[vector]:
            key, _equals, value = (
                setting.replace("$X", str(self._program)).replace("$D", str(self._evil)).partition("=")
            )
            with open(self.repo.path / ".git/config", "a") as config:
                section, name = key.rsplit(".", 1)
                head, _dot, rest = section.partition(".")
                config.write(f'[{head} "{rest}"]\n' if rest else f"[{head}]\n")
                config.write(f'\t{name} = "{value}"\n')

    def fired(self) -> bool:
        return any(self.markers.iterdir())


def everything(path: Path, folder: Path) -> None:
    """Run every function that runs git."""
    found = git.resolve(str(path), "main")
    git.resolve(str(path), found["commit"][:12])
    folder.mkdir()
    with Repository(str(path)) as repository:
        commit = git.find_commit(repository, "main")
        old = git.find_commit(repository, "main~1")
        special = git.special_paths(repository, commit)
        assert special["filtered"] == {"a.evil": "evil"}
        assert special["tracked_but_ignored"] == ["c.log"]
        (folder / "some").mkdir()
        git.checkout(repository, commit, str(folder / "some"), ["a.evil"])
        assert (folder / "some" / "a.evil").read_text() == "2\n"
        made = commit_manifest.manifest(repository, commit, str(folder / "cache"), _observe)
        assert made.meta == {"a.evil": "2\n", "b.bin": "2\n", "c.log": "3\n", "d": "5\n"}
        tree = "0" * 40
        assert history.relation(repository, commit, old, tree)["behind"] == 1
        assert history.relation(repository, commit, "0" * 40)["known"] is False
        near = nearest.nearest(
            repository, commit, {"a.evil": sha256("1\n"), "d": sha256("4\n")}, {"b.bin": sha256("2\n")}
        )
        assert near is not None and (near["commit"], near["apart"]) == (old, 0)
        stored = objects.listed(repository, commit, 60).objects
        assert [one.kind for one in stored].count("commit") == 2
        brought = [change.path for change in objects.changes(repository, commit, {one.oid for one in stored}, 60)]
        assert {"a.evil", "b.bin", "c.log", "d"} <= set(brought)
        assert set(git.committed_times(repository, [commit, old])) == {commit, old}


def _observe(folder: str) -> Directories:
    files = sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
    return Directories({path.name: path.read_text() for path in files}, [])


@pytest.mark.parametrize("vector", SETTINGS)
def test_no_vector_runs_anything_or_writes(tmp_path: Path, vector: str) -> None:
    trap = Trap(tmp_path, vector)
    before = fingerprint(trap.repo.path)
    everything(trap.repo.path, tmp_path / "results")
    assert not trap.fired()
    assert fingerprint(trap.repo.path) == before


def test_nor_do_all_of_them_together_in_a_bare_repository(tmp_path: Path) -> None:
    trap = Trap(tmp_path, "hook files")
    for vector in SETTINGS:
        if vector not in ("hook files", "worktree config"):
            trap._plant(vector)
    bare = trap.repo.path / ".git"
    before = fingerprint(bare)
    everything(bare, tmp_path / "results")
    assert not trap.fired()
    assert fingerprint(bare) == before


def _naive(path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    for arguments in NAIVE:
        subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(path), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )


BROKEN_TWIN: t.Final = [
    "fsmonitor",
    "hooks path",
    "alias",
    "filter clean and smudge",
    "filter process",
    "lfs filter",
    "external diff",
    "diff command",
    "diff textconv",
    "ssh command",
    "include",
    "conditional include",
    "attributes file",
    "gpg program",
    "ext protocol",
    "insteadOf",
    "partial clone",
    "worktree config",
    "hook files",
]


@pytest.mark.parametrize("vector", BROKEN_TWIN)
def test_the_broken_twin_fires(tmp_path: Path, vector: str) -> None:
    """Plain git in the repository itself: the traps are real."""
    trap = Trap(tmp_path, vector)
    _naive(trap.repo.path)
    assert trap.fired()


def test_there_are_enough_vectors() -> None:
    assert len(SETTINGS) >= 26 and len(BROKEN_TWIN) >= 10
