# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside a name that announces a secret: KEY=value, key: value, ... Private to the collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK, looks_secret, words

# Nothing is worth a closer look unless one of these occurs.
HINT = re.compile(
    r"pass|pwd|pw\b|secret|token|key|cred|cookie|auth|bearer|jwt|otp|psk|mnemonic|webhook|conn|session|phrase|codes?\b|sig\b",
    re.IGNORECASE,
)

_QUOTE = r"(?:\\{0,3}[\"'`]|&quot;|&#0?3[49];|&#x2[27];|%22|%27)"
_PAIR = re.compile(
    r"(?<![\w.])(?<![\w.]-)(?P<key>[A-Za-z_][\w.-]{0,127})(?P<quote>" + _QUOTE + r"?\]?)"
    r"(?P<before>[ \t]{0,20})(?P<sign>:=|=>|[=!]==?|[?+|]=|=|:|,|>)(?P<after>[ \t]{0,20})",
    re.IGNORECASE,
)
_OPENING = re.compile(r"[fFrRbBuU]{0,2}(?P<quote>\"\"\"|'''|" + _QUOTE + ")")
# What a shell glues to a quoted string: 'it'"'"'s'.
_GLUED = re.compile(r"(?:'[^'\n]*'|\"[^\"\n]*\"|\\.|[^\s'\"\\,;)}\]>&|])*")

_LINE_START = re.compile(
    r"[+\- #>|]?[ \t]*(?:(?:export|set|setenv|declare -x|ENV|ARG|SetEnv)[ \t]+|Environment=|-[ \t]+)?[\"']?$"
)
_TO_LINE_END = re.compile(r"[^\n\r]*")
_TO_SPACE = re.compile(r"[^\s\"'<>]+")
_TO_DELIMITER = re.compile(r"[^\s\"'<>,;)}\]&\\]+")
_TO_SEMICOLON = re.compile(r"[^\s\"'<>;]+")
_TO_AMPERSAND = re.compile(r"[^\s\"'<>&#\\]+")
_TO_TAG = re.compile(r"[^<\n]+")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|ApiKey|Negotiate|NTLM|GenieKey|Key)[ \t]+(?=\S)", re.IGNORECASE)
_CLOSER_FIRST = re.compile(r"[)\]}]+[^\s\"'<>,;)}\]&]{5}")
_OPERAND = re.compile(r"(?:[A-Za-z_][A-Za-z_.]{0,100}|[vV]?\d{1,9}(?:\.[\w*+-]{1,40}){0,9})(?![^\s,;:)\]}(\[\"'])|\s|$")
_COMMENT = re.compile(r"[ \t]#")

_TYPE = (
    r"(?:str(?:ing)?|int(?:eger)?|bool(?:ean)?|bytes|float|number|object|any|dict|list|tuple|set|array|type|path|text|varchar|char"
    r"|(?:t\.|typing\.)?(?:Optional|Union|List|Dict|Sequence|Iterable|Mapping|Callable|Literal|Annotated|Final|ClassVar)\[.*"
    r"|(?:[A-Za-z_]+\.)*(?:[A-Z][a-z]+)+(?:Str|Type|Token|Secret|Bytes|Field|Config|Provider|Manager|Password|Factory|Service|Options"
    r"|Response|Request|Info)(?:\[.*)?)"
)
_ANNOTATED = re.compile(
    r"(?:str|bytes|t\.\w+\[[\w\[\], .|]{0,60}\]|[A-Z]\w{0,40}|string|(?:str|bytes) \| None)[ \t]+=[ \t]+(?=\S)"
)
_NOTHING = re.compile(r"[\[\](){}|>,;:\\&+=-]*$|\.{3}$")
_LITERAL = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|nil|undefined|required|optional|include|omit|same-origin|inherit|redacted|masked|hidden"
    r"|x{3,}|\*{3,}|\d{1,3}|" + _TYPE + r")[,;)\]}]*$"
    r"|(?:None|str|bytes|string|bool|int)(?:[ \t]*(?:\||=|,|->|\)).*)?$",
)
_LITERAL_ANY_CASE = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|nil|undefined|[a-z]|\d{1,3})[,;)\]}]*$", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"(?:\$\{[^}]*\}|\$\([^)]*\)?|\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+)|%[A-Za-z_]+%|%\(\w+\)[sd]|%s|\{\{.*|\{%.*|\{[A-Za-z_.!:]*\}"
    r"|<[^<>]*>|!(?:vault|Ref|Sub|GetAtt|env|ENV|secret|unsafe|reference)\b.*|\*[a-z_-]+|ENC\[.*)[\"',;)\]}]*$"
)
# An expression of a program: a call, an index, an attribute.
_CODE = re.compile(
    r"(?:[A-Za-z_][A-Za-z_.]*(?:\((?:.*[)(,:{\[;])?|\[.*\].*|\{\}?)"
    r"|(?:self|this|cls|os|sys|re|config|settings|options|args|request|response|data|env|ctx|app|user|secrets|params|process|session|vars?"
    r"|local|module)\.[\w.]+[,;:)\]}]*"
    r"|[a-z_]+(?:\.[a-z_]+)+[,;:)\]}]*)$"
)
_STATEMENT = re.compile(r"(?:await|new|not|lambda|yield)[ \t]+[A-Za-z_]")
_PROSE = re.compile(r"[a-z]{1,12}(?= [A-Za-z])")
_WORD = re.compile(r"[A-Za-z_]{1,32}$")
_CLOSED = re.compile(r"([A-Za-z_]{1,32})[,)\]}:]")
_COMMON = words(
    """
    a an and are args as at be but by can data default false for from has if in input is it item line match must
    next not of on or option out parts raw request response result self stream text that the this to true user
    value was which will with word
    """
)
_FOLDER = re.compile(
    r"(?:/(?:etc|run|var|home|opt|srv|usr|root|tmp|app|mnt|data|proc|dev)|\.{1,2}|~)(?:/[\w.@-]{1,64}){1,12}/?$"
)
_HEAD = 300
# A program compares with shorter texts all the time: if token == ".".
_SHORTEST = 6


def mask_pairs(text: str) -> str:
    """Return ``text`` without the value of each setting whose name looks secret, in any of the usual notations."""
    out: list[str] = []
    done = at = 0
    while True:
        pair = _PAIR.search(text, at)
        if pair is None:
            break
        at = pair.end()
        if not _concerns(text, pair):
            # "a: b=c": what follows the sign can be a key itself.
            continue
        span = _value(text, pair)
        if span is not None:
            out += (text[done : span[0]], MARK)
            done = at = span[1]
    out.append(text[done:])
    return "".join(out)


def _concerns(text: str, pair: t.Match[str]) -> bool:
    key, sign, start = pair.group("key"), pair.group("sign"), pair.start()
    if sign == ">":
        return text[start - 1 : start] == "<" and looks_secret(key)
    if sign == ",":
        # setdefault("password", "…"), getenv('TOKEN', '…')
        return (
            pair.group("quote") != ""
            and text[max(start - 4, 0) : start].rstrip("\\\"'").endswith("(")
            and looks_secret(key)
        )
    if (
        sign == "="
        and text[start - 1 : start] in ("?", "&", ";")
        and key.lower() in ("sig", "signature", "key", "code", "auth", "sas")
    ):
        return True
    return looks_secret(key) or (key in ("auth", "_auth") and _encoded_login(text, pair.end()))


def _encoded_login(text: str, at: int) -> bool:
    # "auth" of Docker's config.json and _auth of npm: base64 of user:password.
    return (
        re.match(r"[\\\"']{0,3}(?=[A-Za-z+/]{0,60}[A-Z0-9])[A-Za-z0-9+/]{8,}={0,2}(?![\w.(])", text[at : at + _HEAD])
        is not None
    )


def _value(text: str, pair: t.Match[str]) -> tuple[int, int] | None:
    """Return where the value of ``pair`` stands, or None when there is nothing to mask."""
    start, sign, at = pair.start(), pair.group("sign"), pair.end()
    if sign == ":":
        annotated = _ANNOTATED.match(text[at : at + _HEAD])
        at += annotated.end() if annotated else 0
    opening = _OPENING.match(text, at)
    if opening is not None:
        if not pair.group("quote") and _in_string(text, start, opening.group("quote")):
            return None
        return _quoted(text, pair, opening)
    if sign in (",", "===", "!=", "!==") or (sign == "==" and _compared(text, pair)):
        return None
    scheme = _SCHEME.match(text[at : at + _HEAD])
    at += scheme.end() if scheme else 0
    head = text[at : at + _HEAD].partition("\n")[0].rstrip("\r")
    reach, whole = _reach(text, pair)
    found = reach.match(head)
    if not found and _CLOSER_FIRST.match(head):
        reach, found = _TO_SPACE, _TO_SPACE.match(head)
    value = found.group().rstrip() if found else ""
    if whole:
        comment = _COMMENT.search(value)
        value = value[: comment.start()] if comment else value
    if len(value) < _HEAD - 50 and _harmless(value, pair, whole, head):
        return None
    last = reach.match(text, at)
    end = last.end() if last and len(head) == _HEAD else at + len(value)
    # In the quotes of "KEY=two words" the value ends with them.
    quote = text[start - 1 : start]
    if quote in ('"', "'") and not pair.group("quote") and (closing := text.find(quote, at, end)) > at:
        end = closing
    return at, end


def _compared(text: str, pair: t.Match[str]) -> bool:
    """Return whether ``==`` compares or pins a version; else it stands before a value that begins with ``=``."""
    dense = not pair.group("before") and not pair.group("after")
    if dense and pair.group("key").isupper():
        return False
    return not dense or _OPERAND.match(text, pair.end()) is not None


def _reach(text: str, pair: t.Match[str]) -> tuple[t.Pattern[str], bool]:
    """Return how far an unquoted value reaches, and whether it is the rest of its line."""
    start, sign = pair.start(), pair.group("sign")
    before = text[max(start - 80, 0) : start]
    if sign == ">":
        return _TO_TAG, False
    if before.endswith(("?", "&")):
        return _TO_AMPERSAND, False
    if before.endswith(";"):
        return _TO_SEMICOLON, False
    newline = before.rfind("\n")
    whole = newline != -1 or start <= 80
    if pair.group("key").lower() in ("cookie", "set-cookie", "authorization", "proxy-authorization"):
        return _TO_LINE_END, True
    if whole and not pair.group("quote") and _LINE_START.fullmatch(before[newline + 1 :]):
        return _TO_LINE_END, True
    if before.endswith('"') and not pair.group("quote"):
        return re.compile(r'[^"\n]+'), False
    if before.endswith(("--", "/:")) or (sign == "=" and not pair.group("before") and pair.group("key").isupper()):
        return _TO_SPACE, False
    return _TO_DELIMITER, False


def _quoted(text: str, pair: t.Match[str], opening: t.Match[str]) -> tuple[int, int] | None:
    quote, at = opening.group("quote"), opening.end()
    head = text[at : at + _HEAD].partition("\n")[0]
    cut = head.find(quote)
    if cut != -1 and (_harmless_text(head[:cut], pair.group("key")) or (pair.group("sign") == "," and not cut)):
        return None
    if pair.group("sign") in ("==", "===", "!=", "!==") and cut < _SHORTEST:
        return None
    scheme = _SCHEME.match(head)
    at += scheme.end() if scheme else 0
    end = _closing(text, quote, at)
    if end == at:
        return None
    if pair.group("sign") == "=" and not pair.group("before") and not pair.group("quote") and len(quote) == 1:
        glued = _GLUED.match(text, end + 1)
        if glued is not None and glued.end() > end + 1:
            end = glued.end()
    return at, end


def _in_string(text: str, start: int, quote: str) -> bool:
    """Return whether a ``quote`` earlier on the line opened a string around ``start``, as in input("password: ")."""
    if len(quote) != 1:
        return False
    line = text[max(start - 200, 0) : start].rpartition("\n")[2]
    return len(re.findall(rf"(?<![A-Za-z]){quote}" if quote == "'" else quote, line)) % 2 == 1


def _closing(text: str, quote: str, at: int) -> int:
    """Return where the string ends that ``quote`` opened: at the same quote, else at the end of the line."""
    if len(quote) == 1:
        inner = re.compile(rf"(?:[^{quote}\\\n]|\\.)*").match(text, at)
        return inner.end() if inner else at
    if quote in ('"""', "'''"):
        end = text.find(quote, at)
        return len(text) if end == -1 else end
    found = re.compile(rf"{re.escape(quote)}|\n").search(text, at)
    return found.start() if found else len(text)


def _harmless(value: str, pair: t.Match[str], whole: bool, head: str) -> bool:
    """Return whether an unquoted value is no secret: empty, a literal, a reference, a type or an expression."""
    key = pair.group("key")
    stripped = value.rstrip(",;")
    if _NOTHING.match(value) or _REFERENCE.match(value) or _FOLDER.match(stripped) or _related(stripped, key):
        return True
    dense = pair.group("sign") == "=" and not pair.group("before") and not pair.group("after")
    if dense and (key.isupper() or pair.string[max(pair.start() - 1, 0)] in "-:;?&"):
        # KEY=value of an environment, --key=value and parts of a URL or a connection string are never code.
        return _LITERAL_ANY_CASE.match(value) is not None
    if _LITERAL.match(value) or _LITERAL_ANY_CASE.match(value) or _CODE.match(head if not whole else value):
        return True
    if stripped.lower() in _COMMON or (pair.group("sign") == "=" and _STATEMENT.match(head)):
        return True
    if not whole and pair.group("sign") == ":" and pair.group("after") and _PROSE.match(head):
        return True
    # f(password=entered, …), {token: value}: a name that a program passes on.
    closed = _CLOSED.match(head)
    return not whole and closed is not None and closed.group(1) == value


def _harmless_text(value: str, key: str) -> bool:
    if value == "" or _REFERENCE.match(value) or _related(value, key):
        return True
    return (
        re.fullmatch(
            r"[*x.]{3,}|(?:string|str|integer|boolean|bytes|text|bearer|include|omit|same-origin|required|optional)",
            value,
        )
        is not None
    )


def _related(value: str, key: str) -> bool:
    """Return whether ``value`` only repeats the key, as in token=api_token and --password PASSWORD."""
    if not _WORD.match(value):
        return False
    mine, its = (name.lower().replace("-", "_").replace(".", "_") for name in (key, value))
    return its == mine or mine.endswith("_" + its) or its.endswith("_" + mine)
