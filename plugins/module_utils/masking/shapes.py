# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that show what they are: tokens with a prefix, hooks, hashes, userinfo in URLs. Private to the collection.

Every pattern is linear: an unbounded run is greedy, of one character class, and starts at a literal or where such a run
cannot have started earlier, so that a failed attempt costs a bounded number of steps.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.masking.keys import MARK


def _edge(start: str) -> str:
    """Return ``start`` (of fixed width) where a word begins, or behind an escape that would look like a part of it.

    The literal stands first and what is before it is looked at afterwards: so the search is fast.
    """
    return rf"{start}(?:(?<![a-z0-9]{start})|(?<=\\[nrt]{start})|(?<=%[0-9a-f]{{2}}{start}))"


# (what it is, what must occur in the lower-cased text, pattern). The group "keep", where there is one, stays.
_TABLE: tuple[tuple[str, str, str], ...] = (
    (
        "AWS access key",
        "akia asia abia acca",
        _edge("A") + r"(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?![A-Z0-9])(?:[\s,:;|\"']{1,4}[a-z0-9/+]{40}(?![a-z0-9/+]))?",
    ),
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[a-z0-9]{20,}"),
    ("GitHub token", "github_pat_", r"github_pat_[a-z0-9_]{20,}"),
    (
        "GitLab token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w.-]{16,}",
    ),
    ("npm token", "npm_", r"npm_[a-z0-9]{30,}"),
    ("PyPI token", "pypi-ag", r"pypi-ag[a-z0-9_-]{30,}"),
    ("Slack token", "xox", r"xox[abeoprs]-[a-z0-9-]{10,}"),
    ("Slack token", "xapp-", r"xapp-\d-[a-z0-9-]{10,}"),
    ("Slack web hook", "hooks.slack.com", r"(?P<keep>hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/+-]{8,}"),
    ("Discord web hook", "/webhooks/", r"(?P<keep>discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/)\d{1,24}/[\w-]{8,}"),
    ("Teams web hook", "webhook.office.com", r"(?P<keep>webhook\.office\.com/)[^\s\"'<>]{8,}"),
    ("Discord bot token", ".", _edge("[mno]") + r"[a-z0-9_-]{23,27}\.[\w-]{6}\.[\w-]{27,45}(?![\w.-])"),
    ("Telegram bot token", ":", r"(?<!\d)\d{8,10}:[\w-]{35}(?![\w-])"),
    ("Stripe key", "k_live_ k_test_", r"[srp]k_(?:live|test)_[a-z0-9]{10,}"),
    ("web hook signing secret", "whsec_", r"whsec_[a-z0-9+/]{16,}"),
    ("Twilio key", "sk ac", r"(?-i:(?<![A-Za-z0-9])(?:SK|AC))[0-9a-f]{32}(?![a-z0-9])"),
    ("SendGrid key", "sg.", _edge(r"SG\.") + r"[\w-]{16,}\.[\w-]{16,}"),
    ("Google API key", "aiza", _edge(r"AIza") + r"[\w-]{30,}"),
    ("Google access token", "ya29.", r"ya29\.[\w-]{20,}"),
    ("Google client secret", "gocspx-", r"gocspx-[\w-]{20,}"),
    ("JSON Web Token", "eyj", _edge(r"eyJ") + r"[\w-]{6,}\.[\w-]{8,}(?:\.[\w-]*){0,3}"),
    (
        "OpenAI or Anthropic key",
        "sk-",
        _edge(r"sk-") + r"(?:(?:proj|ant|svcacct|admin|or|lf)-[\w-]{16,}|[a-z0-9]{20,})",
    ),
    ("Vault token", "hvs. hvb. hvr.", _edge("hv") + r"[sbr]\.[\w-]{20,}"),
    ("age key", "age-secret-key-", r"age-secret-key-1[a-z0-9]{20,}"),
    ("Mailgun key", "key-", _edge(r"key-") + r"[0-9a-f]{32}(?![a-z0-9])"),
    ("DigitalOcean token", "doo_v1_ dop_v1_ dor_v1_", r"do[opr]_v1_[a-f0-9]{40,}"),
    ("Shopify token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[a-f0-9]{32,}"),
    ("Linear key", "lin_api_", r"lin_api_[a-z0-9]{32,}"),
    (
        "Notion token",
        "secret_ ntn_",
        _edge("[sn]") + r"(?:ecret_(?=[a-z]{0,42}[0-9])[a-z0-9]{43}|tn_[a-z0-9]{40,})(?![a-z0-9_])",
    ),
    ("Databricks token", "dapi", _edge(r"dapi") + r"[a-f0-9]{32}(?![a-z0-9])"),
    ("New Relic key", "nrak-", r"nrak-[a-z0-9]{20,}"),
    ("Hugging Face token", "hf_", _edge(r"hf_") + r"[a-z0-9]{30,}"),
    ("Docker Hub token", "dckr_pat_", r"dckr_pat_[\w-]{20,}"),
    ("Grafana token", "glsa_ glc_", _edge("gl") + r"(?:sa|c)_[\w+/]{30,}"),
    ("Atlassian token", "atatt3", r"atatt3[\w=-]{30,}"),
    ("Square key", "sq0", r"sq0(?:atp|csp)-[\w-]{20,}"),
    ("Postman key", "pmak-", r"pmak-[a-f0-9]{20,}-[a-f0-9]{20,}"),
    ("Tailscale key", "tskey-", r"tskey-[a-z]{2,10}-[a-z0-9-]{16,}"),
    ("Sentry token", "sntrys_ sntryu_", r"sntry[su]_[\w+/=]{20,}"),
    ("PlanetScale token", "pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.-]{20,}"),
    ("Doppler token", "dp.", _edge(r"dp\.") + r"(?:pt|st|ct|sa|scim|audit)\.[\w.-]{30,}"),
    (
        "hash of a password",
        "$",
        r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|argon2(?:id|i|d)|pbkdf2[\w-]{0,12}|scrypt)\$[./\w$=,+-]{8,}",
    ),
    ("hash of a password", "{sha} {ssha", r"\{s?sha(?:256|512)?\}[a-z0-9+/=]{20,}"),
    ("bearer token", "bearer", r"(?P<keep>\bbearer[ \t]{1,4})(?=[a-z._~+/=-]{0,200}[0-9])[\w.~+/=-]{16,}"),
    ("passphrase of a command", "pass:", r"(?P<keep>(?<=[ \t=])pass:)[^\s\"']{4,}"),
)

_RULES: tuple[tuple[str, str, str], ...] = tuple(
    (hint, pattern, kind) for kind, hints, pattern in _TABLE for hint in hints.split()
)


@functools.lru_cache(maxsize=None)
def _compiled(pattern: str) -> t.Pattern[str]:
    # Compiled when it is first needed: most runs meet few kinds, and compiling all would cost more than masking.
    return re.compile(pattern, re.IGNORECASE)


_URL = re.compile(r"(?<=://)[^\s\"'<>\\]+")
_PORT = re.compile(r"\d{1,5}(?:[/?#]|$)")
_PATH = re.compile(r"[/?#]")
_LONG_USER = 20


def _replace(match: t.Match[str]) -> str:
    kept = match.groupdict().get("keep") or ""
    return kept + MARK


def _urls(match: t.Match[str]) -> str:
    # Lists of URLs come without spaces: each has its own userinfo.
    return "://".join(_without_password(rest) for rest in match.group().split("://"))


def _userinfo(rest: str) -> tuple[str, str, str, int] | None:
    """Return user, colon, password, and where the ``@`` stands, of what follows ``://``; None when it names none."""
    path = _PATH.search(rest)
    at = rest.rfind("@", 0, path.start() if path else len(rest))
    if at == -1:
        # A password may hold what it should not, "/" or "#"; but host:8080/a@b has none.
        at = rest.find("@")
    user, colon, password = rest[: max(at, 0)].partition(":")
    if at == -1 or _PATH.search(user) or (colon and _PATH.search(password) and _PORT.match(password)):
        return None
    return user, colon, password, at


def _without_password(rest: str) -> str:
    """Return ``rest``, what follows ``://``, without the password of ``user:password@host`` or a token before ``@``."""
    info = _userinfo(rest)
    if info is None:
        return rest
    user, colon, password, at = info
    # A token often stands where the user should: https://TOKEN@host, https://TOKEN:x-oauth-basic@host.
    shown = MARK if len(user) >= _LONG_USER else user
    return f"{shown}{colon}{MARK if password else ''}{rest[at:]}"


def find_shapes(text: str) -> t.Iterator[tuple[str, str]]:
    """Yield what :func:`mask_shapes` would mask: what kind of secret it is, in words, and the secret itself."""
    lowered = text.lower()
    for hint, pattern, kind in _RULES:
        if hint in lowered:
            for match in _compiled(pattern).finditer(text):
                yield kind, match.group()[len(match.groupdict().get("keep") or "") :]
    if "://" in lowered and "@" in lowered:
        for url in _URL.finditer(text):
            for info in map(_userinfo, url.group().split("://")):
                if info is not None and len(info[0]) >= _LONG_USER:
                    yield "token in a URL", info[0]
                if info is not None and info[2]:
                    yield "password in a URL", info[2]


def mask_shapes(text: str, lowered: str) -> str:
    """Return ``text`` without secrets that are recognised by their own shape; ``lowered`` is ``text.lower()``."""
    for hint, pattern, _kind in _RULES:
        if hint in lowered:
            text = _compiled(pattern).sub(_replace, text)
    if "://" in lowered and "@" in lowered:
        text = _URL.sub(_urls, text)
    return text
