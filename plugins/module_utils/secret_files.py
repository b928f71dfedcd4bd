# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files hold secrets by their name: a report only says whether they differ. Private to the collection."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.evenkeel.drift.plugins.module_utils.observe.patterns import Patterns

DEFAULT_SECRET_FILES: tuple[str, ...] = (
    # A private key is id_rsa or id_deploy: id_rsa.pub and id_map.py are not.
    "id_*",
    "!id_*.*",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "!id_*.pub",
    "*.agekey",
    "*.env",
    "*.gpg",
    "*.jceks",
    "*.jks",
    "*.kdb",
    "*.kdbx",
    "*.key",
    "*.keystore",
    "*.keytab",
    "*.ovpn",
    "*.p12",
    "*.p8",
    "*.pem",
    "*.pfx",
    "*.pgpass",
    "*.pkcs12",
    "*.ppk",
    "*.tfstate",
    "*.tfvars",
    "*vault-pass*",
    "*vault_pass*",
    "**/.docker/config.json",
    ".*_history",
    ".boto",
    ".dockercfg",
    ".env*",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".mylogin.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
    ".vault-token",
    "_netrc",
    "auth.json",
    "client_secret*.json",
    "credentials",
    "credentials.json",
    "credentials.y*ml",
    "gshadow",
    "gshadow-",
    "htpasswd",
    "kubeconfig",
    "kubeconfig.y*ml",
    "secret.json",
    "secret.y*ml",
    "secrets",
    "secrets.json",
    "secrets.toml",
    "secrets.y*ml",
    "service-account*.json",
    "service_account*.json",
    "shadow",
    "shadow-",
    "token.json",
    "wg0.conf",
)
"""gitignore patterns of the files that are of a secret class without being declared; a folder's name does not count."""

_KEY_FILES = (r"id_[^/.]*", r"id_(?:rsa|dsa|ecdsa|ed25519)(?![^/]*[.]pub\Z)[^/]*")
_PART = re.compile(r"\*|[^*]")


def secret_name_regex() -> str:
    """Return one regular expression over the end of a path (``/``-separated) that means ``DEFAULT_SECRET_FILES``.

    Use it with ``search``. It captures nothing, and a file name is enough unless files are told apart by their folder.
    """
    plain = [pattern for pattern in DEFAULT_SECRET_FILES if not pattern.startswith(("!", "id_"))]
    # All that only differ in their ending are one alternative, tried once a name.
    endings = [pattern[2:] for pattern in plain if pattern.startswith("*.") and "*" not in pattern[1:]]
    whole = [pattern for pattern in plain if pattern[2:] not in endings or not pattern.startswith("*.")]
    parts = [
        *_KEY_FILES,
        *(_translate(pattern) for pattern in whole),
        rf"[^/]*\.(?:{'|'.join(map(re.escape, endings))})",
    ]
    return rf"(?:^|/)(?:{'|'.join(parts)})\Z"


def is_secret_file(path: str, extra: Patterns | None = None) -> bool:
    """Return whether the file at ``path`` (relative, ``/``-separated) is of a secret class.

    ``extra`` are the contract's own patterns; where one matches, it decides: ``!tests/ca.pem`` takes a file out.
    """
    verdict = extra.verdict(path, False) if extra else None
    return _by_default(path) if verdict is None else verdict


def _by_default(path: str) -> bool:
    name = path[path.rfind("/") + 1 :].lower()
    # The name alone, in lower case, is five times quicker to judge; every file of a tree is asked about.
    if name.isascii() and name not in _TOLD_BY_FOLDER:
        return _SECRET_NAME(name) is not None
    return _SECRET(path) is not None


def _translate(pattern: str) -> str:
    name = pattern[3:] if pattern.startswith("**/") else pattern
    return "".join("[^/]*" if part == "*" else re.escape(part) for part in _PART.findall(name))


_SECRET = re.compile(secret_name_regex(), re.IGNORECASE).search
_SECRET_NAME = re.compile(secret_name_regex().replace("(?:^|/)", "", 1)).match
_TOLD_BY_FOLDER = {pattern.rpartition("/")[2] for pattern in DEFAULT_SECRET_FILES if "/" in pattern}
