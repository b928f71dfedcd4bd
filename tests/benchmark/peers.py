# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others would do: the tools that the audit is compared with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from clock import Case
from workshop import CORES, Workshop

XARGS, WALK, PING, EMPTY = "xargs sha256sum", "find -printf", "ansible -m ping", "empty playbook"
XARGS_LIGHT = "xargs sha256sum, half the bytes"
FIND, AIDE, AIDE_ALL = "ansible.builtin.find", "aide --init", "aide --init, all cores"
SLOW = (FIND, AIDE, AIDE_ALL)

_FIELDS = "%p %y %m %s %T@ %C@ %i %U %G\\0"


def cases(shop: Workshop) -> list[Case]:
    """Return the peers that this machine has."""
    tree, light = str(shop.tree.host), str(shop.light.host)
    local = shop.inventory("peers", {"tree": {}})
    playbook = str(shop.bin / "ansible-playbook")
    sums = 'find "$1" -type f -print0 | xargs -0 -P"$2" -n256 sha256sum'
    find = {"paths": tree, "recurse": True, "hidden": True, "get_checksum": True, "checksum_algorithm": "sha256"}
    found = [
        Case(XARGS, ["sh", "-c", sums, "sh", tree, str(CORES)]),
        Case(XARGS_LIGHT, ["sh", "-c", sums, "sh", light, str(CORES)]),
        Case(WALK, ["find", tree, "-printf", _FIELDS]),
        Case(PING, [str(shop.bin / "ansible"), "all", "-i", local, "-m", "ansible.builtin.ping"]),
        Case(EMPTY, [playbook, shop.playbook("empty", []), "-i", local]),
        Case(FIND, [playbook, shop.playbook("find", [{"ansible.builtin.find": find}]), "-i", local]),
    ]
    aide = find_aide()
    if aide is None:
        print("aide is missing: install it, or run this as root on Debian", file=sys.stderr)
        return found
    return [
        *found,
        Case(AIDE, [aide, "--init", f"--config={_aide_config(shop, '')}"]),
        Case(AIDE_ALL, [aide, "--init", f"--config={_aide_config(shop, f'num_workers={CORES}')}"]),
    ]


def _aide_config(shop: Workshop, more: str) -> str:
    """Write a configuration and return its path; without ``more``, aide has the one worker that is its default."""
    path = shop.folder / f"aide{len(more)}.conf"
    database = f"database_out=file:{shop.folder / 'aide.db'}"
    path.write_text(f"{database}\nreport_url=stdout\n{more}\n{shop.tree.host} p+n+u+g+s+m+c+i+sha256\n")
    return str(path)


def warm(shop: Workshop) -> Case:
    """Return what reads every file and does nothing with it."""
    trees = [str(shop.tree.host), str(shop.light.host)]
    return Case("warm", ["sh", "-c", 'find "$@" -type f -exec cat {} + > /dev/null', "sh", *trees])


def ping_probed(shop: Workshop) -> Case:
    inventory = shop.inventory("peers", {"tree": {}}, probed=True)
    return Case(PING, [str(shop.bin / "ansible"), "all", "-i", inventory, "-m", "ansible.builtin.ping"])


def find_aide() -> str | None:
    """Return where aide is; on Debian root installs it."""
    apt = shutil.which("apt-get")
    if shutil.which("aide") is None and apt is not None and os.geteuid() == 0:
        print("installing aide, to compare with", file=sys.stderr)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        argv = [apt, "install", "--yes", "--quiet", "--no-install-recommends", "aide"]
        subprocess.run(argv, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return shutil.which("aide")
