# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree in which somebody swaps a path with a link to a place outside, as fast as they can."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_project import write

FLIPPER = Path(__file__).with_name("e2e_flipper.py")
INSIDE, CANARY = "inside", "canary: nobody may read this"


class Arena:
    """A tree of which one component is swapped with a link to a place outside of it."""

    def __init__(self, folder: Path, level: str) -> None:
        self.root = folder / "tree"
        write(self.root, {"one/two/file": INSIDE, "other/file": INSIDE})
        write(folder / "outside", {"one/two/file": CANARY})
        flipped = {"leaf": "one/two/file", "parent": "one/two", "grandparent": "one"}[level]
        self.one, self.other = self.root / flipped, folder / "other"
        self.other.symlink_to(folder / "outside" / flipped)

    @contextlib.contextmanager
    def flipping(self, changing: bool = False) -> Iterator[None]:
        """Swap the path all the while; ``changing`` says that what is tested takes it away for moments."""
        more = ["changing"] if changing else []
        process = subprocess.Popen([sys.executable, str(FLIPPER), str(self.one), str(self.other), *more])
        try:
            yield
            assert process.poll() is None, "it flipped to the end"
        finally:
            process.kill()
            process.wait()


LEVELS = pytest.mark.parametrize("level", ["leaf", "parent", "grandparent"])
