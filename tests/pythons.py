# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons that tests start by themselves: the one that they run under, and the oldest one that hosts have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PYTHON38 = subprocess.run(
    [str(Path(__file__).resolve().parent / "tools" / "find_python.sh"), "3.8"],
    capture_output=True,
    text=True,
    check=False,
).stdout.strip()
PYTHONS = [
    pytest.param(sys.executable, id="this"),
    pytest.param(
        _PYTHON38,
        id="3.8",
        marks=pytest.mark.skipif(not _PYTHON38, reason="there is no Python 3.8 on this machine"),
    ),
]
