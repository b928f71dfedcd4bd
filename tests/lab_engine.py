# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of the lab, as an operator has it: its client, and the image that the hosts of the lab are made of."""

from __future__ import annotations

import subprocess

from waiting import LIMIT_S

# Tests that run beside each other share it: one that gives names to images makes an image of its own, since a restore
# point of another holds every name that this one had.
IMAGE = "debian:trixie-slim"


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=True, timeout=LIMIT_S)
    return done.stdout.strip()
