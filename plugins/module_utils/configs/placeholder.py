# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that stand where a real one should: changeme, <your token>, {{ password }}. Private to the collection."""

from __future__ import annotations

import re

_NOUN = (
    r"(?:[\w-]{0,30}[-_ ])?"
    r"(?:key|token|secret|password|passphrase|value|name|username|user|id|url|host|domain|address|email)"
)
_PLACEHOLDER = re.compile(
    rf"""
    (?:please[-_ ]?)?(?:change|replace|edit|set)[-_ ]?(?:me|this|it)(?:[-_ !.].{{0,60}}|[0-9!]{{0,4}})
    | fill[-_ ]?(?:me|this|it)?[-_ ]?in
    | (?:to[-_ ]be|needs?[-_ ]to[-_ ]be)[-_ ](?:changed|replaced|set|filled).{{0,60}}
    | (?:replace|change)[-_ ](?:with|by|to)[-_ ].{{1,60}}
    | (?:put|enter|insert|add|paste|use|type)[-_ ].{{0,60}}[-_ ]?here
    | (?:(?:put|enter|insert|add|paste|use|set|my|the)[-_ ])?your[-_][\w.-]{{1,60}}
    | (?:(?:put|enter|insert|add|paste|use|set)[ ])?your[ ]{_NOUN}(?:[ ]here)?
    | (?:some|any|your|a)?[-_ ]?(?:placeholder|dummy|example|sample)(?:[-_ ]{_NOUN})?
    | (?:todo|fixme|tbd)(?:[: ].{{0,60}})?
    | <[^<>]{{1,80}}> | \[(?:your|insert|change)\b[^\]]{{0,60}}\]
    | (?:[\w.-]{{0,20}}[-_.])?[x*#?]{{3,}}(?:[-_.][x*#?]{{3,}}){{0,8}} | \.{{3,}}
    | \{{\{{[ ]*[A-Za-z_][\w.]{{0,80}}[ ]*(?:\|[^{{}}]{{0,80}})?\}}\}}
    | __[A-Z][A-Z0-9_]{{0,60}}__ | @[A-Z][A-Z0-9_]{{0,60}}@ | %%[A-Z][A-Z0-9_]{{0,60}}%%
    | null | nil | undefined | n/a | unset | not[-_ ]?set
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
# As a password they are what an installation begins with; elsewhere they are words.
_SECRET_WORDS = re.compile(
    r"none|secret|my[-_]?secret|(?:my[-_]?|the[-_]?)?pass(?:word|wd)?[0-9!]{0,3}|p@ss(?:w0rd|word)|token|api[-_]?key|"
    r"test(?:ing)?|foo(?:bar)?|default|sample|abc123|123456[0-9]{0,4}|super[-_]?secret|s3cr3t|letmein|empty",
    re.IGNORECASE,
)
# Letters of one case that the table above asks for.
_TEMPLATE = re.compile(r"__.*__|@.*@|%%.*%%", re.DOTALL)
_LONGEST = 300


def is_placeholder(value: str, secret: bool) -> bool:
    """Return whether a value stands for one that nobody filled in; ``secret`` says that its name announces a secret."""
    said = value.strip()
    if not said or len(said) > _LONGEST:
        return False
    if _PLACEHOLDER.fullmatch(said):
        return not _TEMPLATE.fullmatch(said) or said == said.upper()
    return secret and _SECRET_WORDS.fullmatch(said) is not None
