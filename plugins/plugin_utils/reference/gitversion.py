# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of git are known to be unsafe with a repository from elsewhere. Private to the collection."""

from __future__ import annotations

import re

# The first fixed release of each older series, for overflows in reading .gitattributes and in log formats:
# https://github.com/git/git/blob/master/Documentation/RelNotes/2.39.1.txt
_FIXES = ("CVE-2022-23521", "CVE-2022-41903")
_FIRST_FIXED = {
    (2, 30): 7,
    (2, 31): 6,
    (2, 32): 5,
    (2, 33): 6,
    (2, 34): 6,
    (2, 35): 6,
    (2, 36): 4,
    (2, 37): 5,
    (2, 38): 3,
    (2, 39): 1,
}
_VERSION = re.compile(r"git version (\d+)\.(\d+)(?:\.(\d+))?")


def warnings(text: str) -> list[str]:
    """Return what ``git --version`` should make the operator know: a sentence for an unsafe or unreadable version.

    Distributions correct older versions without a new number, so this is a warning and no refusal.
    """
    found = _VERSION.match(text)
    if found is None:
        return [f"the version of git on this machine is not known: {text!r}"]
    major, minor, patch = (int(part or 0) for part in found.groups())
    fixed = _FIRST_FIXED.get((major, minor))
    if (major, minor) > max(_FIRST_FIXED) or (fixed is not None and patch >= fixed):
        return []
    number = found.group(0).removeprefix("git version ")
    return [f"git {number} on this machine is older than the corrections of {' and '.join(_FIXES)}: update it"]
