# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what a tree is, a line for each path: type, mode, owner, time, extended attributes, content.

fingerprint.py FOLDER: run inside a host, apart from all that is tested. Left out are logs, which go on, bytecode, and
of a repository its objects, its reflogs, and the refs that restore points add.
"""

import hashlib
import os
import stat
import sys

LEFT_OUT = {"logs", "__pycache__", ".git/logs", ".git/objects", ".git/refs/evenkeel"}


def line(root, path):
    place = os.path.join(root, path)
    told = os.lstat(place)
    content = ""
    if stat.S_ISLNK(told.st_mode):
        content = os.readlink(place)
    elif stat.S_ISREG(told.st_mode):
        with open(place, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
    if path == ".git" or path.startswith(".git/"):
        # Its own time moves whenever somebody holds git's lock.
        return f"{path} {content}"
    names = os.listxattr(place, follow_symlinks=False)
    attributes = {name: os.getxattr(place, name, follow_symlinks=False).hex() for name in sorted(names)}
    return f"{path} {told.st_mode:o} {told.st_uid} {told.st_gid} {told.st_mtime_ns} {attributes} {content}"


def paths(root):
    for folder, folders, files in os.walk(root):
        at = os.path.relpath(folder, root)
        inner = [os.path.normpath(os.path.join(at, name)) for name in folders]
        folders[:] = [os.path.basename(path) for path in inner if not LEFT_OUT & {path, os.path.basename(path)}]
        yield from (path for path in inner if os.path.basename(path) in folders)
        yield from (os.path.normpath(os.path.join(at, name)) for name in files)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print("\n".join(line(sys.argv[1], path) for path in sorted(paths(sys.argv[1]))))
