# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names announce a secret. Private to the collection."""

from __future__ import annotations

import functools
import re
import typing as t

MARK = "<masked>"
"""What stands where a secret stood."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_KEY = 256


def words(text: str) -> frozenset[str]:
    """Return the words of ``text`` as a set."""
    return frozenset(text.split())


_SECRET_WORDS = words(
    """
    apikey apitoken authtoken accesskey secretkey privatekey privkey authorization bearer cookie cookies cred
    creds credential credentials jwt masterauth mnemonic otp passcode passphrase passwd password passwords
    passwort phpsessid psk pw pwd requirepass rootpw bindpw secret sessionid token webhooksecret
    """
)
_SECRET_ENDS = (
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
)
# Words that end in "pass" and have nothing to do with passwords.
_NOT_A_PASSWORD = words(
    """
    bypass compass encompass surpass trespass overpass underpass multipass lowpass highpass bandpass
    """
)
_NOT_BEFORE_PASS = words(
    """
    all band by dry final first high last low multi one render second single test tests third two
    """
)

_KEY_KINDS = words(
    """
    access account admin aes api app application auth cipher client consumer crypt decryption deploy encrypt
    encryption fernet hmac jwt license licence master preshared private rsa secret service session shared sign
    signing ssh storage subscription
    """
)
_PAIRS = frozenset(
    {
        ("webhook", "url"),
        ("webhook", "uri"),
        ("slack", "webhook"),
        ("discord", "webhook"),
        ("teams", "webhook"),
        ("connection", "string"),
        ("conn", "string"),
        ("conn", "str"),
        ("seed", "phrase"),
        ("session", "id"),
        ("recovery", "code"),
        ("recovery", "codes"),
        ("backup", "codes"),
        ("basic", "auth"),
        ("redis", "auth"),
    }
)
# What may follow the telling word and changes nothing: DB_PASSWORD_PROD, SECRET_KEY_BASE, token_v2.
_QUALIFIERS = words(
    """
    a admin b backup base base64 b64 current data default dev development enc encrypted eu hash hashed hex live
    local main new old plain plaintext prev previous primary prod production raw read ro root rw secondary stage
    staging str string test testing text us v val value write
    """
)
# What may stand before it and turns it into a count or a question: max_token, has_password.
_HARMLESS_START = words(
    """
    allow allows count has have hide is max maximum min minimum n need needs no num require requires show total
    """
)


@functools.lru_cache(maxsize=4096)
def looks_secret(key: str) -> bool:
    """Return whether ``key``, the name of a setting, an option, a header or a label, announces a secret."""
    if len(key) > _LONGEST_KEY or key in ("PWD", "OLDPWD"):
        return False
    parts = [word.lower() for word in _WORD.findall(key)]
    # The pair decides before the qualifiers go: a connection string ends in one.
    while parts and not _tells(parts) and parts[-1] in _QUALIFIERS:
        parts.pop()
    return bool(parts) and parts[0] not in _HARMLESS_START and _tells(parts)


def _tells(parts: list[str]) -> bool:
    last = parts[-1]
    before = parts[-2] if len(parts) > 1 else ""
    if (before, last) in _PAIRS or last in _SECRET_WORDS or last.endswith(_SECRET_ENDS):
        return True
    if last.endswith("pass") and last not in _NOT_A_PASSWORD:
        return last != "pass" or before not in _NOT_BEFORE_PASS
    return last in ("key", "keys") and before in _KEY_KINDS


def free_key(key: str, taken: t.Container[str]) -> str:
    """Return ``key``, or ``key`` with a number: names that differ in nothing but their secrets are all kept."""
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key} ({number})"
    return free
