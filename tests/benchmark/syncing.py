# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deploy of twenty changed files among 2,000, and what ``ansible.posix.synchronize`` needs for the same change."""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import zipfile
from pathlib import Path

import clock
import corpus
import lab
from bars import Bar
from clock import Case
from workshop import Workshop

SYNCHRONIZE, DEPLOY, ROLLBACK = "ansible.posix.synchronize", "deploy", "rollback of it"
DEPLOY_ALL, DEPLOY_ONE = "deploy, counted again", "deploy of a single changed file"
DEPLOY_FIRST = "deploy to a host that keeps no code yet"
_CHANGED = 20
_ROOT = "/srv/sync"
# What a change is to be made of: all changed files as they were, and the first of them alone.
_ALL, _ONE = "/srv/all.tar", "/srv/one.tar"
_MOST = 100_000
# The package that has ansible.posix, in the versions that belong to the ansible-core of requirements-dev.txt.
_PACKAGE, _MEMBERS = "ansible>=12,<13", "ansible_collections/ansible/posix/"
_WORDS = b"# changed by the benchmark\n"
_RSYNC = "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends rsync"


class Site:
    """One host of the lab, with the application's tree at ``_ROOT``, and the same tree with the change beside us."""

    def __init__(self, shop: Workshop, name: str, address: str) -> None:
        self.shop = shop
        self.name = name
        self.address = address
        self.source = shop.folder / "sync" / "source"
        self.changed_bytes = 0
        # What went over the wire in each run of a case.
        self.wire: dict[str, list[int]] = {}
        self._counted = 0

    def prepare(self) -> None:
        """Make both trees, and install what the other way needs on both sides."""
        changed = self._make_source()
        self.changed_bytes = sum((self.source / path).stat().st_size for path in changed)
        if shutil.which("rsync") is None:
            subprocess.run(["sh", "-ec", _RSYNC], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.inside(_RSYNC)
        self.inside(f"rm -rf {_ROOT} && cp -a /srv/app {_ROOT}")
        for archive, names in ((_ALL, changed), (_ONE, changed[:1])):
            self.inside(f"tar -C {_ROOT} -cf {archive} -T -", "\n".join(names))

    def inside(self, command: str, given: str = "") -> str:
        argv = ["docker", "exec", "--interactive", self.name, "sh", "-ec", command]
        return subprocess.run(argv, input=given, capture_output=True, text=True, check=True).stdout

    def _make_source(self) -> list[str]:
        """Commit the change on top of the corpus, into a repository of its own."""
        # There is none before the first round.
        shutil.rmtree(self.source, ignore_errors=True)
        clone = [
            "clone",
            "--quiet",
            "--no-checkout",
            "--shared",
            str(self.shop.application.reference),
            str(self.source),
        ]
        self.source.parent.mkdir(exist_ok=True)
        corpus.git(self.shop.folder, *clone)
        # Times as on the host: what did not change, rsync does not look into.
        shutil.copytree(self.shop.application.host, self.source, dirs_exist_ok=True)
        files = corpus.plan(corpus.APPLICATION)
        changed = [file.path for file in files[:: len(files) // _CHANGED]]
        for path in changed:
            with open(self.source / path, "ab") as file:
                file.write(_WORDS)
        corpus.git(self.source, "add", "--all")
        who = ["-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.org"]
        corpus.git(self.source, *who, "commit", "--quiet", "--message", "Change")
        return changed

    def begin(self, archive: str = "", forget: bool = False) -> None:
        """Bring files back that a change has changed, with their times, remove the code that a change has left if the
        host is to ``forget`` it, and begin to count.
        """
        if archive:
            self.inside(f"tar -C {_ROOT} -xpf {archive}")
        if forget:
            self.inside("rm -rf /var/lib/evenkeel/*/code")
        self._counted = self._bytes()

    def _bytes(self) -> int:
        """Return what went through the host's network interface, both ways, with all that TCP adds."""
        folder = "/sys/class/net/eth0/statistics"
        return sum(map(int, self.inside(f"cat {folder}/rx_bytes {folder}/tx_bytes").split()))

    def end(self, name: str, wanted: Path) -> None:
        """Note what was moved. Refuses the time of a change after which the host does not have what is wanted."""
        self.wire.setdefault(name, []).append(self._bytes() - self._counted)
        found = self.inside(f"cd {_ROOT} && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum")
        if found != _sums(wanted):
            raise clock.Failed(f"after {name} the host does not have what is in {wanted}")


def _sums(folder: Path) -> str:
    """Return what ``sha256sum`` says of all files of a tree, in the order of their names."""
    paths = [Path(at, name) for at, _names, files in os.walk(folder) if ".git" not in Path(at).parts for name in files]
    named = sorted((f"./{path.relative_to(folder)}", path) for path in paths)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n" for name, path in named)


def _fetch_posix(shop: Workshop) -> None:
    """Put ``ansible.posix`` where the benchmark's own Ansible finds it, and nothing else does."""
    collections = shop.folder / "ansible" / "collections"
    if (collections / _MEMBERS).is_dir():
        return
    wheels = shop.folder / "wheels"
    pip = [str(shop.bin / "python"), "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), _PACKAGE]
    subprocess.run(pip, check=True, stdin=subprocess.DEVNULL)
    with zipfile.ZipFile(next(wheels.glob("ansible-*.whl"))) as wheel:
        wheel.extractall(collections, [name for name in wheel.namelist() if name.startswith(_MEMBERS)])
    shutil.rmtree(wheels)


def _cases(site: Site) -> list[Case]:
    shop = site.shop
    about = {
        **lab.reached(site.address),
        "drift_root": _ROOT,
        "drift_reference": {"git": {"repo": str(site.source), "ref": "HEAD"}},
        "drift_contract": {"trees": [{"name": "source"}]},
    }
    inventory = shop.inventory("sync", {site.name: about})
    options = {"src": f"{site.source}/", "dest": _ROOT, "use_ssh_args": True, "rsync_opts": ["--exclude=/.git"]}
    playbook = shop.playbook("synchronize", [{"ansible.posix.synchronize": options}])
    ansible = str(shop.bin / "ansible-playbook")

    def case(name: str, what: str, archive: str, wanted: Path) -> Case:
        forget = name == DEPLOY_FIRST
        argv = [ansible, what, "-i", inventory]
        return Case(name, argv, lambda: site.begin(archive, forget), lambda: site.end(name, wanted))

    return [
        case(SYNCHRONIZE, playbook, _ALL, site.source),
        case(DEPLOY, "evenkeel.drift.deploy", _ALL, site.source),
        case(ROLLBACK, "evenkeel.drift.rollback", "", shop.application.host),
        case(DEPLOY_ALL, "evenkeel.drift.deploy", _ALL, site.source),
        case(DEPLOY_ONE, "evenkeel.drift.deploy", _ONE, site.source),
        case(DEPLOY_FIRST, "evenkeel.drift.deploy", _ALL, site.source),
    ]


def measure(shop: Workshop, count: int) -> tuple[list[Bar], dict[str, list[clock.Sample]], list[list[str]]]:
    """Return the promises, the times of each case, and the rows of what was moved, in KB."""
    _fetch_posix(shop)
    with lab.fleet(shop.application.host, 1) as addresses:
        site = Site(shop, *next(iter(addresses.items())))
        site.prepare()
        cases = _cases(site)
        # What is made once is made, and connections are open. The last three are counted, not timed.
        for case in cases:
            clock.run(case, shop.env())
        taken = clock.rounds(cases[:3], count, shop.env(), Case("nothing", ["true"]))
    medians = {name: clock.median(samples) for name, samples in taken.items()}
    moved = {name: statistics.median(counts) for name, counts in site.wire.items()}
    most = (site.changed_bytes + _MOST) / 1000
    own = moved[DEPLOY_ALL] - moved[DEPLOY_ONE]
    promised = [
        Bar(f"{DEPLOY} / {SYNCHRONIZE}", medians[DEPLOY] / medians[SYNCHRONIZE], 3.0),
        Bar(f"{ROLLBACK}, from start to end", medians[ROLLBACK], 10, " s"),
        Bar("bytes that the deploy moved beyond those of one of a single file", own / 1000, most, " KB"),
        Bar("bytes that the deploy moved, with both audits", moved[DEPLOY] / 1000, most, " KB"),
        Bar("the same, to a host that keeps no code yet", moved[DEPLOY_FIRST] / 1000, most, " KB"),
    ]
    rows = [[name, f"{size / 1000:.0f}"] for name, size in moved.items() if name != DEPLOY_ALL]
    return promised, taken, [["the changed files", f"{site.changed_bytes / 1000:.0f}"], *rows]
