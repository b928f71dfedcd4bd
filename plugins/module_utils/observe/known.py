# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which configurations a host reads only to know their secrets: no answer shows what one of them keeps secret,
whichever section came across it. Private to the collection.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.observe.paths import names_in
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.module_utils.secret_files import is_secret_file
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show

_MOST_FILES = 32
_LIMIT_S = 10.0
_SHARE = 0.2


def learn_secrets(spec: t.Mapping[str, t.Any], host: Host) -> None:
    """Have ``host`` learn the secrets of the configurations in ``spec`` (``configs`` and ``socket``, as the section
    configs takes them) and of the secret-class files that lie at its root.
    """
    asked = [*(spec.get("configs") or []), *({"kind": "path", "path": path} for path in _files_at_root(host.root))]
    if asked:
        # Only here: it would double the start of every request, and most have nothing to learn.
        from ansible_collections.evenkeel.drift.plugins.module_utils.configs.known import learn_from

        learn_from(asked, spec.get("socket"), host.share(min(_LIMIT_S, max(host.time_left(), 0.0) * _SHARE)))


def _files_at_root(root: str) -> list[str]:
    try:
        names = [show(os.fsencode(name)) for name in names_in(root)]
    except OSError:
        # A section that reads the root says so. What cannot be listed is not read here either: it has nothing to hide.
        return []
    return [name for name in names if is_secret_file(name)][:_MOST_FILES]
