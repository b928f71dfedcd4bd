# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a flat checkout importable as ansible_collections.evenkeel.drift."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def _link_checkout() -> str:
    top = tempfile.mkdtemp(prefix="evenkeel-tests-")
    namespace = Path(top, "ansible_collections", "evenkeel")
    namespace.mkdir(parents=True)
    (namespace / "drift").symlink_to(CHECKOUT)
    return top


_TOP = _link_checkout()
sys.path.insert(0, _TOP)
os.environ["ANSIBLE_COLLECTIONS_PATH"] = _TOP


def pytest_unconfigure() -> None:
    namespace = Path(_TOP, "ansible_collections", "evenkeel")
    (namespace / "drift").unlink(missing_ok=True)
    for folder in (namespace, namespace.parent, Path(_TOP)):
        folder.rmdir()
