# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and labels of any bytes: nothing of them steers a terminal or becomes markup, in three Markdown engines."""

from __future__ import annotations

import re
import typing as t
import unicodedata

import cmarkgfm
import markdown_it
import mistune
import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.text import show
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import (
    clip,
    markdown,
    markdown_code,
    markdown_fence,
    terminal,
    width,
)
from hypothesis import given, settings
from hypothesis import strategies as st

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufe0f]")

NAMES = [
    *(bytes([byte]) for byte in range(256)),
    *(b"a" + bytes([byte]) + b"b" for byte in range(256)),
    b"\n[ok] no drift",
    b"\r[ok] no drift\x1b[2K",
    b"x" * 255,
    b"\xff" * 255,
    "\u202egnp.exe".encode(),
    b"\xef\xbb\xbfbom",
    b"\xc2\x9b31mred",
]
TEXTS = [
    *(show(name) for name in NAMES),
    *(name.decode("utf-8", "surrogateescape") for name in NAMES),
    *(name.decode("latin-1") for name in NAMES),
    "\u202e\u2066\u2069\u200b\u200d\ufeff\u2028\u2029\u0085\U000e0041",
    "\ud800 \udfff",
    "\x1b]0;title\x07 \x1b[31mred\x1b[0m \x9b1m",
]

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "<iframe src=//example.org></iframe>",
    "<!-- comment -->",
    "<!DOCTYPE html>",
    "<![CDATA[x]]>",
    "<?php x ?>",
    "</td></tr></table><h1>x</h1>",
    "<b>bold</b>",
    "<x@example.org>",
    "<https://example.org>",
    "<details open ontoggle=alert(1)>",
    '"><script>alert(1)</script>',
    "'><img src=x>",
    "&lt;script&gt;",
    "&#60;script&#62;alert(1)",
    "&amp;lt;b&amp;gt;",
    "&copy; &#0; &#x110000;",
    "[x](https://example.org)",
    "[x](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x][y]",
    "[x]: https://example.org",
    "[^1]",
    "[^1]: note",
    "![x](https://example.org/x.png)",
    "![x][y]",
    "!\\[x](https://example.org)",
    "\\[x](https://example.org)",
    "\\\\[x](https://example.org)",
    "[x\\](https://example.org)",
    "[ ] todo",
    "- [x] done",
    "https://example.org",
    "http://example.org/a_b_c",
    "HTTPS://EXAMPLE.ORG",
    "ftp://example.org",
    "www.example.org",
    "WWW.example.org/x",
    "_www.example.org_",
    "(www.example.org)",
    "mailto:a@example.org",
    "MAILTO:a@example.org",
    "xmpp:a@example.org",
    "a@example.org",
    "a.b+c-d_e@example.org",
    "a@b@example.org",
    "a@@example.org",
    "@someone",
    "example.org",
    "main.py",
    "README.md",
    "//example.org",
    "| a | b |",
    "a | b \\| c",
    "\\|",
    "\\\\|",
    "a\\",
    "\\",
    "||||",
    "`code`",
    "``a`b``",
    "`a | b`",
    "` | `",
    "\\`a\\`",
    "```",
    "~~~",
    "~~struck~~",
    "*a* **b** ***c***",
    "_a_ __b__",
    "a_b_c*d*e",
    "# heading",
    "   # heading",
    "heading",
    "===",
    "---",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "1) item",
    "123456789. item",
    "> quote",
    "    code",
    "\tcode",
    "|---|",
    ":---:",
    "$x$ $$y$$",
    "{{ 7*7 }}",
    "{% raw %}",
    ":smile: #1 GH-1",
    "trailing  ",
    " leading",
    "",
]
PAYLOADS += ["a\nb", "a\r\n\r\n# b", "| x |\n|---|\n| y |", "```\n<b>x</b>\n```", "x\n===", "\u2028| a |"]


def rendered(text: str) -> dict[str, str]:
    """Return the HTML of ``text`` from each engine, all of their extensions that make links or tables on."""
    engine = markdown_it.MarkdownIt("gfm-like", {"html": True})
    other = mistune.create_markdown(
        escape=False, plugins=["table", "url", "strikethrough", "footnotes", "task_lists", "math", "def_list", "abbr"]
    )
    return {
        "markdown-it": engine.render(text),
        "cmark-gfm": cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE),
        "mistune": str(other(text)),
    }


def table(cells: list[str]) -> str:
    lines = ["| one | two | three |", "|---|---|---|", *(f"| a | {cell} | z |" for cell in cells)]
    return "\n".join(lines) + "\n"


ALLOWED = {"table", "thead", "tbody", "tr", "th", "td", "code", "p", "pre"}


def tags(page: str) -> list[str]:
    return re.findall(r"<\s*([!?/]?\w*)", page)


def words_of(page: str) -> str:
    import html

    return html.unescape(re.sub(r"<[^>]*>", "", page))


@pytest.mark.parametrize("text", TEXTS)
def test_a_terminal_gets_one_line_of_visible_characters(text: str) -> None:
    shown = terminal(text)
    assert not FORBIDDEN.search(shown)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")
    assert terminal(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain/path.py", "plain/path.py"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202egnp", "\\u202egnp"),
        ("\x9b", "\\x9b"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
        ("größe 日本 é", "größe 日本 é"),
    ],
)
def test_what_cannot_be_shown_is_spelled(text: str, shown: str) -> None:
    assert terminal(text) == shown


def findings_on_a_terminal(make: t.Callable[[str], str]) -> int:
    return len("\n".join(make(text) for text in TEXTS).splitlines())


def test_every_finding_stays_on_its_line() -> None:
    assert findings_on_a_terminal(lambda text: f"[high] {terminal(text)}") == len(TEXTS)
    # The twin that prints a name as it is: a name can add lines of its own.
    assert findings_on_a_terminal(lambda text: f"[high] {text}") > len(TEXTS)


@pytest.mark.parametrize("make", [markdown, markdown_code])
def test_a_table_keeps_its_cells_and_nothing_becomes_markup(make: t.Callable[[str], str]) -> None:
    texts = [*PAYLOADS, *TEXTS]
    assert len(PAYLOADS) >= 60
    page = table([make(text) for text in texts])
    assert len(page.splitlines()) == len(texts) + 2
    for engine, html in rendered(page).items():
        found = tags(html)
        assert {tag.strip("/") for tag in found} <= ALLOWED, (
            engine,
            [tag for tag in found if tag.strip("/") not in ALLOWED],
        )
        assert found.count("td") == 3 * len(texts), engine
        assert found.count("tr") == len(texts) + 1, engine


@pytest.mark.parametrize("make", [markdown, markdown_code])
def test_a_paragraph_stays_one(make: t.Callable[[str], str]) -> None:
    wrong = []
    for text in [*PAYLOADS, *TEXTS]:
        for engine, html in rendered(make(text) + "\n").items():
            if {tag.strip("/") for tag in tags(html)} - {"p", "code"} or html.count("<p>") > 1:
                wrong.append((engine, text, html))
    assert wrong == []


@pytest.mark.parametrize("make", [markdown, markdown_code])
def test_what_is_read_is_what_was_written(make: t.Callable[[str], str]) -> None:
    wrong = []
    for text in PAYLOADS:
        for engine, html in rendered(table([make(text)])).items():
            read = words_of(html.split("<td")[2].partition(">")[2].partition("</td>")[0])
            if read.split() != terminal(text).split():
                wrong.append((engine, text, read))
    assert wrong == []


def test_text_that_is_not_escaped_becomes_markup() -> None:
    lines = [terminal(text) for text in PAYLOADS]
    html = rendered(table(lines))["cmark-gfm"]
    assert {"a", "b", "img"} <= set(tags(html)) and tags(html).count("td") == 3 * len(lines)
    assert any({"a", "img", "script", "h1"} & set(tags(rendered(line + "\n")["markdown-it"])) for line in lines)


@pytest.mark.parametrize("text", ["\n".join(PAYLOADS), "````\n```\n~~~", "", "a\n", "\tindented\n\x1b[31m", "\n\n"])
def test_a_fence_holds_everything(text: str) -> None:
    block = markdown_fence(text, "diff")
    assert not FORBIDDEN.search(block.replace("\n", "").replace("\t", ""))
    for engine, html in rendered(f"before\n\n{block}\n\nafter\n").items():
        assert {tag.strip("/") for tag in tags(html)} <= {"p", "pre", "code"}, engine
        assert html.count("<pre") == 1 and "<p>after</p>" in html, engine


def test_a_fence_has_a_plain_language() -> None:
    with pytest.raises(ValueError, match="language"):
        markdown_fence("x", "diff\n")


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("more than ten", 10, "more th..."),
        ("日本語日本語", 12, "日本語日本語"),
        ("日本語日本語", 10, "日本語..."),
        ("日本語日本語", 11, "日本語日..."),
        ("e\u0301e\u0301e\u0301e\u0301", 4, "e\u0301e\u0301e\u0301e\u0301"),
        ("abcdef", 2, ".."),
        ("abcdef", 0, ""),
    ],
)
def test_text_is_cut_by_columns(text: str, columns: int, shown: str) -> None:
    assert clip(text, columns) == shown
    assert width(shown) <= max(columns, 0)


def test_the_mark_of_a_cut_can_be_chosen() -> None:
    assert clip("more than ten", 10, "…") == "more than…"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_categories=()), max_size=60), st.integers(0, 90))
def test_any_text_is_safe(text: str, columns: int) -> None:
    shown = terminal(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert width(clip(shown, columns)) <= columns


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="|`\\*_[]()<>!&#;:/.@~- \nawx1", max_size=24))
def test_any_markup_stays_text(text: str) -> None:
    for make in (markdown, markdown_code):
        for engine, html in rendered(table([make(text)])).items():
            assert {tag.strip("/") for tag in tags(html)} <= ALLOWED, (engine, html)
            assert tags(html).count("td") == 3, (engine, html)
