# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How git is run on a repository that is not believed: flags and environment. Private to the collection.

Alone they do not make it safe: the configuration of a repository can name programs under any key, so git never sees it.
Who runs git with these also gives it a git directory of their own.
"""

from __future__ import annotations

import typing as t

SETTINGS: dict[str, str] = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.untrackedCache": "false",
    "core.attributesFile": "/dev/null",
    "diff.ignoreSubmodules": "all",
    "submodule.recurse": "false",
    "protocol.allow": "never",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "safe.bareRepository": "explicit",
}
ENVIRONMENT: dict[str, str] = {
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_SSH_COMMAND": "/bin/false",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "/bin/false",
    "GIT_CEILING_DIRECTORIES": "/",
}


def flags(more: t.Mapping[str, str] | None = None) -> list[str]:
    """Return the arguments that come before a git command; ``more`` are settings besides."""
    settings = {**SETTINGS, **(more or {})}
    return [
        *("--no-pager", "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs"),
        *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
    ]
