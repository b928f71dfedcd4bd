# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached signatures by ``ssh-keygen -Y``. Private to the collection."""

from __future__ import annotations

import os
import shutil

from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference import process
from ansible_collections.evenkeel.drift.plugins.plugin_utils.reference.unavailable import ReferenceUnavailable, quoted

SUFFIX = ".sig"
_NAMESPACE = "evenkeel.drift"


def sign(data: bytes, key: str) -> bytes:
    """Return a signature. ``key`` is a private key without a passphrase, or a public key whose private half is in the
    ssh agent. Raises ReferenceUnavailable.
    """
    done = _run(["-Y", "sign", "-f", os.path.abspath(key), "-n", _NAMESPACE], data)
    if done.code != 0:
        raise ReferenceUnavailable(f"the key {quoted(key)} cannot sign: {done.error}")
    return done.output


def verify(data: bytes, path: str, allowed_signers: str) -> None:
    """Raise ReferenceUnavailable unless ``<path>.sig`` is a signature of the data by one of the allowed signers."""
    signed, allowed = os.path.abspath(path + SUFFIX), os.path.abspath(allowed_signers)
    for needed in (signed, allowed):
        if not os.path.isfile(needed):
            raise ReferenceUnavailable(
                f"the signature of {quoted(path)} cannot be checked: {quoted(needed)} is missing"
            )
    found = _run(["-Y", "find-principals", "-s", signed, "-f", allowed])
    principals = found.output.decode("utf-8", "surrogateescape").splitlines() if found.code == 0 else []
    for principal in principals:
        # One line can name several principals; the whole line is the signer's, so its first name stands for it.
        name = principal.split(",")[0]
        done = _run(["-Y", "verify", "-f", allowed, "-I", name, "-n", _NAMESPACE, "-s", signed], data)
        if done.code == 0:
            return
    raise ReferenceUnavailable(f"the signature of {quoted(path)} is not that of an allowed signer")


def _run(arguments: list[str], stdin: bytes = b"") -> process.Done:
    program = shutil.which("ssh-keygen")
    if program is None or not os.path.isabs(program):
        raise ReferenceUnavailable("ssh-keygen is not installed on this machine: signed baselines need it")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "SSH_ASKPASS": "/bin/false"}
    for name in ("HOME", "SSH_AUTH_SOCK"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return process.run([program, *arguments], environment, "/", stdin, seconds=30.0, max_output=1 << 20)
