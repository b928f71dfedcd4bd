# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollback without this collection, as a shell script that lies in the restore point. Private to the collection.

For the night on which neither Ansible nor Python is there. It is no transaction, and says so.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.points import levels, recipe
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

Json = t.Dict[str, t.Any]

_HEAD = """\
#!/bin/sh
# Restore point {point} of {root}, made {created}.
#
# Brings it back without evenkeel.drift, on the host that it was made on, as the user who made it:
#     sh ROLLBACK.sh config        the files below the root
#     sh ROLLBACK.sh containers    the files of Compose projects, images, containers
#     sh ROLLBACK.sh full          all of it, with unit files, crontabs, environment files, volumes, states of units
# What is there is overwritten and not saved, what came since stays, and what is interrupted is left half.
# A container that is there is stopped and kept as <name>.before: remove it when the other one is well.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
level=${{1:-}}
case $level in
config | containers | full) ;;
*) sed -n '2,11s/^# \\{{0,1\\}}//p' "$0" && exit 2 ;;
esac

whole() {{
  [ "$(sha256sum <"$here/objects/$1" | cut -c 1-64)" = "$1" ] && return
  echo "$1 is damaged: nothing is made of it" >&2
  exit 1
}}
file() {{ # object mode uid gid time path
  whole "$1"
  new=${{6%/*}}/.by-hand
  rm -f -- "$new"
  cp -- "$here/objects/$1" "$new"
  chown "$3:$4" "$new"
  chmod "$2" "$new"
  touch -d "@$5" "$new"
  mv -fT -- "$new" "$6"
}}
folder() {{ # mode uid gid path
  [ -d "$4" ] || mkdir -- "$4"
  chown "$2:$3" "$4"
  chmod "$1" "$4"
}}
link() {{ # uid gid target path
  ln -sfnT -- "$3" "$4"
  chown -h "$1:$2" "$4"
}}
gone() {{
  if [ -d "$1" ] && ! [ -L "$1" ]; then rmdir -- "$1" || echo "$1 stays: it is not empty" >&2; else rm -f -- "$1"; fi
}}
attribute() {{ # name value path
  setfattr -h -n "$1" -v "$2" -- "$3" || echo "$3 lacks its attribute $1" >&2
}}
image() {{ # id object
  docker image inspect "$1" >/dev/null 2>&1 || {{ whole "$2"; docker load --quiet --input "$here/objects/$2"; }}
}}
needed() {{ # id object container
  [ -n "$2" ] || docker image inspect "$1" >/dev/null 2>&1 && return
  echo "the image $1 of $3 is gone, and not in this restore point: nothing is touched" >&2
  exit 1
}}
volume() {{ # name [labels, where it has to be made]
  docker volume create "$@" >/dev/null
  volume=$(docker volume inspect --format '{{{{.Mountpoint}}}}' "$1")
  volume=${{volume%/_data}}
  users=$(docker ps --quiet --filter "volume=$1")
  [ -z "$users" ] || docker stop $users >/dev/null
  stopped="$stopped $users"
}}
post() {{ # path object [expression of sed]
  whole "$2"
  sed "${{3:-}}" <"$here/objects/$2" |
    curl --silent --show-error --fail --unix-socket "$socket" --header 'Content-Type: application/json' \\
      --data-binary @- --output /dev/null "http://localhost$1"
}}
container() {{ # name object expression
  if docker container inspect "$1" >/dev/null 2>&1; then
    if docker container inspect "$1.before" >/dev/null 2>&1; then
      echo "$1.before is there already: remove $1 or $1.before, whichever is not wanted, then run this again" >&2
      exit 1
    fi
    docker stop "$1" >/dev/null
    docker rename "$1" "$1.before"
  fi
  post "/containers/create?name=$1" "$2" "$3"
}}
"""


def script(document: t.Mapping[str, t.Any]) -> bytes:
    """Return the script of a point, from what its manifest has besides its seal."""
    part = document.get("services", {})
    socket = (part.get("engine") or {}).get("socket") or "/var/run/docker.sock"
    # In a comment no path may end the line.
    about = {"point": document["id"], "created": document["created"], "root": ascii(document["root"])}
    lines = [_HEAD.format(**about).encode("ascii"), b"socket=" + _quoted(socket)]
    root = os.fsencode(document["root"]).rstrip(b"/") + b"/"
    lines += _block(b'[ "$level" != config ]', _needed(part))
    lines += _block(b'[ "$level" != containers ]', _files(levels.entries(document, levels.FULL), root))
    lines += _block(b'[ "$level" = containers ]', _files(levels.entries(document, levels.CONTAINERS), root))
    lines += _block(b'[ "$level" = full ]', _files(levels.outside(document, levels.FULL), b"/"))
    lines += [b"stopped="] if part.get("volumes") else []
    for one in part.get("volumes", []):
        lines += _block(b'[ "$level" = full ]', _volume(one))
    lines += _block(b'[ "$level" != config ]', _containers(part))
    lines += _block(b'[ "$level" = full ]', _start_again(part))
    lines += _block(b'[ "$level" = full ]', _units(part))
    return b"\n".join([*lines, b'echo "$level of %s is back"' % document["id"].encode("ascii"), b""])


def _block(condition: bytes, lines: t.Sequence[bytes]) -> list[bytes]:
    return [b"if %s; then" % condition, *(b"  " + line for line in lines), b"fi"] if lines else []


def _volume(one: Json) -> list[bytes]:
    # Its folder is known to the engine of that night alone.
    labels = b"".join(b" --label %s" % _quoted(f"{key}={one['labels'][key]}") for key in sorted(one["labels"]))
    return [b"volume " + _quoted(one["name"]) + labels, *_files(one["entries"], b"", b'"$volume"/')]


def _start_again(part: t.Mapping[str, t.Any]) -> list[bytes]:
    """Return the line that starts what was stopped for volumes, and is not another container by now."""
    if not part.get("volumes"):
        return []
    # A container of the point was made again: the one that was stopped has another name now.
    mine = "|".join(one["name"].replace(".", "[.]") for one in part.get("containers", []))
    others = b"grep -Ev %s | " % _quoted(f"^/({mine})([.]before)? ") if mine else b""
    named = b"docker inspect --format '{{.Name}} {{.Id}}' $stopped"
    return [
        b"[ -z \"$(echo $stopped)\" ] || %s | %scut -d ' ' -f 2 | xargs -r docker start >/dev/null" % (named, others)
    ]


def _files(entries: t.Sequence[Json], above: bytes, within: bytes = b"") -> list[bytes]:
    """Return the lines about paths below a folder, that of the variable ``within`` where one is given."""
    found: list[bytes] = []
    # What is gone goes from the leaves to the root, what comes from the root to the leaves.
    for one in sorted(entries, key=lambda one: str(one["path"]), reverse=True):
        if one["type"] == "absent":
            found.append(b"gone " + within + _word(above + raw(one["path"])))
    for one in entries:
        found += _file(one, within + _word(above + raw(one["path"])))
    return found


def _file(one: Json, path: bytes) -> list[bytes]:
    owner = f"{one.get('uid')} {one.get('gid')}".encode("ascii")
    if one["type"] == "link":
        return [b" ".join((b"link", owner, _word(raw(one["target"])), path))]
    if one["type"] == "directory":
        lines = [b" ".join((b"folder", one["mode"].encode("ascii"), owner, path))]
    elif one["type"] == "file":
        about = f"file {one['sha256']} {one['mode']}".encode("ascii")
        lines = [b" ".join((about, owner, _seconds(one["mtime_ns"]), path))]
    else:
        return []
    attributes = ((_quoted(name), _quoted(f"0s{value}")) for name, value in sorted(one["xattrs"].items()))
    return lines + [b" ".join((b"attribute", name, value, path)) for name, value in attributes]


def _seconds(time_ns: int) -> bytes:
    """Return a time as touch reads it: before 1970 all of it counts backwards."""
    whole, part = divmod(abs(time_ns), 10**9)
    return f"{'-' if time_ns < 0 else ''}{whole}.{part:09d}".encode("ascii")


def _needed(part: t.Mapping[str, t.Any]) -> list[bytes]:
    """Return the lines that end the script before it touches anything when an image is nowhere."""
    archives = {one["id"]: (one["archive"] or {}).get("sha256", "") for one in part.get("images", [])}
    return [
        b"needed %s '%s' %s"
        % (one["image"].encode("ascii"), archives[one["image"]].encode("ascii"), _quoted(one["name"]))
        for one in part.get("containers", [])
    ]


def _containers(part: t.Mapping[str, t.Any]) -> list[bytes]:
    lines = []
    for one in part.get("images", []):
        if one["archive"] is not None:
            lines.append(f"image {one['id']} {one['archive']['sha256']}".encode("ascii"))
        lines += [b"docker tag %s %s" % (one["id"].encode("ascii"), _quoted(tag)) for tag in one["tags"]]
    for one in part.get("networks", []):
        name = _quoted(one["name"])
        made = b"post /networks/create %s" % one["recipe"]["sha256"].encode("ascii")
        lines.append(b"docker network inspect %s >/dev/null 2>&1 || %s" % (name, made))
    # A container that shares something of another one's names it by its id, and that one is made again: it has another.
    others = [f"s/container:{one['id']}/container:{one['name']}/g" for one in part.get("containers", [])]
    expression = _quoted(";".join(others))
    for one in recipe.ordered(part.get("containers", [])):
        made = one["recipe"]["sha256"].encode("ascii")
        lines.append(b"container %s %s %s" % (_quoted(one["name"]), made, expression))
        for network, endpoint in sorted(one["connect"].items()):
            aliases = b"".join(b"--alias %s " % _quoted(alias) for alias in endpoint.get("Aliases", []))
            lines.append(b"docker network connect %s%s %s" % (aliases, _quoted(network), _quoted(one["name"])))
        if one["running"]:
            lines.append(b"docker start %s" % _quoted(one["name"]))
    return lines


def _units(part: t.Mapping[str, t.Any]) -> list[bytes]:
    units = [one for one in part.get("units", []) if not one["reason"]]
    verbs = [(b"restart" if one["active"] in ("active", "activating") else b"stop", one["name"]) for one in units]
    lines = [b"systemctl %s -- %s" % (verb, _quoted(name)) for verb, name in verbs]
    return [b"systemctl daemon-reload", *lines] if lines else []


def _quoted(text: str) -> bytes:
    return _word(text.encode("utf-8", "surrogateescape"))


def _word(name: bytes) -> bytes:
    """Return bytes as one word of the shell."""
    return b"'" + name.replace(b"'", b"'\\''") + b"'"
