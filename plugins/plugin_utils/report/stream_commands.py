# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client for a server of streams, called as the audit reached it: user, database, TLS, and a password that is read
where the host has it. Private to the collection. Pure.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.asking import value_of

_DATABASE = re.compile(r"/([0-9]{1,3})$")
# An address of a container, as streams/containers.py takes it; one in the network of the host has none of its own.
_ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"

Json = t.Mapping[str, t.Any]
Plain = t.Callable[[str], t.Optional[str]]


def redis_server(expected: Json) -> str:
    """Return the server of a check of a stream as ``contract/streams.py`` calls it, nothing where it names none."""
    if not expected.get("redis"):
        return ""
    user = f"{expected['user']}@" if expected.get("user") else ""
    return f"{user}{expected['redis']}{'/' + str(expected['database']) if expected.get('database') else ''}"


def redis_cli(server: str, access: Json, plain: Plain) -> str:
    """Return the client for a server of the contract. ``access`` has its ``tls`` and ``password_from``, and may have
    ``ask``, the client of the engine; a password that the contract does not place on the host is taken from the
    environment of whoever asks (REDISCLI_AUTH).
    """
    ask = access.get("ask") or "docker"
    user, _at, address = server.rpartition("@")
    database = _DATABASE.search(address)
    address = address[: database.start()] if database else address
    more = f" --user {shlex.quote(user)}" if user else ""
    more += f" -n {database.group(1)}" if database else ""
    secret = _password(access, plain)
    if address.startswith("unix:"):
        return f"{secret}redis-cli -s {shlex.quote(address[5:])}{more}"
    host, _colon, port = address.rpartition(":")
    name = host.removeprefix("container:")
    where, number = shlex.quote(host.strip("[]")), shlex.quote(port)
    tls = access.get("tls")
    if host != name and not tls:
        passed = " -e REDISCLI_AUTH" if secret else ""
        return f"{secret}{ask} exec{passed} {shlex.quote(name)} redis-cli -p {number}{more}"
    if host != name:
        # The certificates are files of the host, and not of the container.
        shown = f"{ask} inspect --type container --format {shlex.quote(_ADDRESS)} -- {shlex.quote(name)}"
        where = f"\"$({shown} | cut -d ' ' -f 1)\""
    asked = f"{secret}redis-cli -h {where} -p {number}{more}"
    return f"{_certified(where, number, tls)}{asked}{_tls(tls, where)}" if tls else asked


def _tls(tls: Json, where: str) -> str:
    """Return the options of the client; ``where`` is already a word of a shell."""
    name = shlex.quote(tls["name"]) if tls.get("name") else where
    ca = f" --cacert {shlex.quote(tls['ca'])}" if tls.get("ca") else ""
    return f" --tls --sni {name}{ca if tls.get('verify', True) else ' --insecure'}"


def _certified(where: str, port: str, tls: Json) -> str:
    """Return what lets the client go on only when a certificate is good for its name, at which it does not look itself:
    whoever has another good one would get the password.
    """
    if not tls.get("verify", True):
        return ""
    script = (
        "import socket,ssl,sys;h,p,n,*c=sys.argv[1:];"
        "ssl.create_default_context(cafile=c[0] if c else None)"
        ".wrap_socket(socket.create_connection((h,int(p)),10),server_hostname=n)"
    )
    words = [where, port, shlex.quote(tls["name"]) if tls.get("name") else where]
    words += [shlex.quote(tls["ca"])] if tls.get("ca") else []
    return f"python3 -I -c {shlex.quote(script)} {' '.join(words)} && "


def _password(access: Json, plain: Plain) -> str:
    """Return what gives the client a password over its environment: it is no argument, and shown nowhere."""
    place = access.get("password_from")
    read = value_of(place, plain) if isinstance(place, dict) else None
    return f'REDISCLI_AUTH="$({read})" ' if read else ""
