# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one masking function: it takes secrets out of any text, on both sides. Private to the collection.

What counts as a secret is in ``masking/``; docs/secrets.md describes it for users.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.blocks import mask_blocks, mask_keys
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.encoded import mask_encoded
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK, free_key, looks_secret
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.known import Masker
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.pairs import HINT, mask_pairs
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.shapes import mask_shapes
from ansible_collections.evenkeel.drift.plugins.module_utils.masking.words import mask_words

__all__ = [
    "LIMIT",
    "MARK",
    "NAMED",
    "Masker",
    "argv_secrets",
    "looks_secret",
    "mask",
    "mask_argv",
    "mask_texts",
    "mask_tree",
    "mask_value",
    "secrets_of",
]

LIMIT = 64 * 1024
"""Text is searched in portions of about this many characters; a longer line is cut and ends in the marker."""

NAMED = frozenset({"branches", "tags", "remotes", "remote_branches"})
"""Below these keys a dictionary is keyed by names: a branch called fix-api-token says nothing about its value."""

_DEPTH = 2
_NESTING = 200
_PASSES = 4
_MOST_SEARCHED, _MOST_TAKEN = 4096, 8
# A digest; but not a text in hex, which can have the same length.
_DIGEST = re.compile(r"(?!(?:[2-7][0-9a-f])+\Z)[0-9a-f]{40}(?:[0-9a-f]{24})?")
_BLANK = re.compile(r"[\s\"'\0]")
_CUT = re.compile(r"[\s,;\"'&]")


def mask(text: str) -> str:
    """Return ``text`` with every secret in it replaced by ``<masked>``; ``mask(mask(x)) == mask(x)``."""
    if len(text) < 4 or _DIGEST.fullmatch(text):
        return text
    for _pass in range(_PASSES):
        # What is left beside a marker can read differently: again, until nothing changes.
        masked = _once(text)
        if masked == text:
            break
        text = masked
    return text


def secrets_of(key: str, value: str) -> list[str]:
    """Return the secrets in ``value``, which ``key`` names: all of it when the key looks secret, and what
    :func:`mask` takes out of it.
    """
    found = _lost(value, mask(value))
    return [value, *found] if looks_secret(key) else found


def mask_value(key: str, value: str) -> str:
    """Return ``value``, which ``key`` names, masked: as a whole when the key looks secret, unless it is empty."""
    if value and looks_secret(key):
        return MARK
    return mask(value)


def argv_secrets(argv: t.Sequence[str]) -> list[str]:
    """Return what :func:`mask_argv` takes out of the arguments of a process."""
    return [secret for word, shown in zip(argv, mask_argv(argv)) for secret in _lost(word, shown)]


def mask_argv(argv: t.Sequence[str]) -> list[str]:
    """Return the arguments of a process with the secrets among them masked; the list keeps its length."""
    out: list[str] = []
    for word in argv:
        option, sign, value = word.partition("=")
        if sign and value and looks_secret(option):
            out.append(f"{option}={MARK}")
        elif (
            out and argv[len(out) - 1].startswith("-") and not word.startswith("-") and looks_secret(argv[len(out) - 1])
        ):
            out.append(mask_value(argv[len(out) - 1], word))
        else:
            out.append(mask(word))
    return _short_options(argv, out)


def mask_tree(obj: t.Any, named: t.Container[str] = NAMED) -> t.Any:
    """Return a JSON value with every string in it masked, keys too, and each value below a secret-looking key replaced.

    ``true``, ``false`` and ``null`` stay. A dictionary below a key in ``named`` is keyed by mere names.
    """
    return _tree(obj, named, False, 0)


def _lost(text: str, masked: str) -> list[str]:
    """Return what was masked in ``text``: the password of a URL, a token in a sentence."""
    kept = masked.split(MARK)
    if masked == text or len(text) > _MOST_SEARCHED or len(kept) > _MOST_TAKEN:
        return []
    match = re.fullmatch("(.+?)".join(map(re.escape, kept)), text, re.DOTALL)
    return list(match.groups()) if match else []


def mask_texts(content: t.Any) -> t.Any:
    """Return a JSON value with every string masked by itself, keys as well: ``no_log`` of Ansible would leave those."""
    if isinstance(content, str):
        return mask(content)
    if isinstance(content, dict):
        out: dict[str, t.Any] = {}
        for key, value in content.items():
            out[free_key(mask(str(key)), out)] = mask_texts(value)
        return out
    if isinstance(content, (list, tuple)):
        return [mask_texts(item) for item in content]
    return content


def _once(text: str) -> str:
    text = mask_keys(text)
    if len(text) <= LIMIT:
        return _portion(text, _DEPTH)
    return "".join(_portion(portion, _DEPTH) for portion in _portions(text))


def _portions(text: str) -> t.Iterator[str]:
    """Yield ``text`` in portions that end with a line. What a line has beyond the limit is not shown."""
    at = 0
    while at < len(text):
        end = len(text) if len(text) - at <= LIMIT else text.rfind("\n", at, at + LIMIT) + 1
        if end <= at:
            newline = text.find("\n", at)
            end = len(text) if newline == -1 else newline + 1
            yield _cut(text[at : at + LIMIT]) + ("\n" if newline != -1 else "")
        else:
            yield text[at:end]
        at = end


def _cut(line: str) -> str:
    # At a delimiter, so that no half of a token stays; the room keeps the line below the limit when it is masked again.
    room = LIMIT - 4 * len(MARK)
    last = max((match.end() for match in _CUT.finditer(line, room - 4096, room)), default=0)
    return (line[:last] + MARK) if last else MARK


def _portion(text: str, depth: int) -> str:
    lowered = text.lower()
    text = mask_shapes(text, lowered)
    if HINT.search(lowered) or "kind" in lowered:
        text = mask_blocks(text)
        text = mask_pairs(text)
    text = mask_words(text, lowered)
    if "\\n" in text:
        text = _within_lines(text, depth)
    if depth:
        text = mask_encoded(text, lambda plain: _secret(plain, depth - 1))
    return text


def _within_lines(text: str, depth: int) -> str:
    """Return ``text`` with each line that has escaped line ends read as the lines that it spells: a file in JSON."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if "\\n" in line:
            plain = line.replace("\\n", "\n")
            masked = _portion(mask_keys(plain), depth)
            if masked != plain:
                lines[number] = masked.replace("\n", "\\n")
    return "\n".join(lines)


def _secret(plain: str, depth: int) -> bool:
    if len(plain) < 4 or _DIGEST.fullmatch(plain):
        return False
    return mask_keys(plain) != plain or _portion(plain, depth) != plain


def _short_options(argv: t.Sequence[str], out: list[str]) -> list[str]:
    """Return ``out`` without what only the program's name reveals: ``mysql -pSECRET``, ``curl -u user:SECRET``."""
    if len(argv) < 2:
        return out
    # Read as one command line in which every argument is one word.
    words = [_BLANK.sub("\0", word) or "\0" for word in argv]
    words[:1] = [word.rpartition("/")[2] for word in words[:1]]
    line = " ".join(words)
    shown = mask_words(line, line.lower()).split(" ")
    if len(shown) != len(words):
        return [out[0], *[MARK] * (len(out) - 1)]
    for at in range(1, len(words)):
        if shown[at] != words[at]:
            out[at] = MARK if "\0" in shown[at] else shown[at]
    return out


def _tree(obj: t.Any, named: t.Container[str], secret: bool, depth: int) -> t.Any:
    if depth > _NESTING:
        return MARK
    if isinstance(obj, str):
        return MARK if secret and obj else mask(obj)
    if isinstance(obj, dict):
        kubernetes = obj.get("kind") == "Secret"
        out: dict[str, t.Any] = {}
        for key, value in obj.items():
            names = key in named
            below = secret or (kubernetes and key in ("data", "stringData")) or (not names and looks_secret(key))
            out[free_key(mask(key), out)] = (
                _named(value, named, depth + 1) if names and not secret else _tree(value, named, below, depth + 1)
            )
        return out
    if isinstance(obj, (list, tuple)):
        return [_tree(item, named, secret, depth + 1) for item in obj]
    if secret and isinstance(obj, (int, float)) and not isinstance(obj, bool):
        return MARK
    return obj


def _named(obj: t.Any, named: t.Container[str], depth: int) -> t.Any:
    if not isinstance(obj, dict):
        return _tree(obj, named, False, depth)
    out: dict[str, t.Any] = {}
    for key, value in obj.items():
        out[free_key(mask(key), out)] = _tree(value, named, False, depth + 1)
    return out
