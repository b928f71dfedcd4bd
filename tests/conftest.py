# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a flat checkout importable as ansible_collections.evenkeel.drift."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# CI tries the same examples every time; whoever works on the code tries others. A busy machine is no failure.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

CHECKOUT = Path(__file__).resolve().parent.parent

# Whoever runs the tests may have settings of their own, or run them from a hook of git, which names its repository.
os.umask(0o022)
os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
for _name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"):
    os.environ.pop(_name, None)
for _name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)


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


# What a machine does not have, and CI does not install, is named so in the reason of the skip.
_NOT_TO_BE_HAD = "on this machine"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail in CI when a test was skipped that could run there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None:
        return
    skipped = [report for report in reporter.stats.get("skipped", []) if _NOT_TO_BE_HAD not in str(report.longrepr)]
    if skipped:
        reporter.write_line(f"{len(skipped)} tests were skipped that could run in CI", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
