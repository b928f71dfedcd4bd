# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of a verification's report, its summary, and its decision. Private to the collection."""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import duration, number
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.document import (
    Lines,
    Markup,
    bullets,
    code,
    heading,
    join,
    paragraph,
    phrase,
    table,
)
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.model import Json
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify import key_figures, soon
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.verify.model import STATUS, Verification
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import alerts, verdicts
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify.watched_check import percent

_SHOWN = 20
_METHOD = Markup(
    "The contract is judged by an audit with the logs read since the change, and its checks by criteria. Every number "
    "below is counted from verify.json; every check there names the evidence that it rests on."
)
_READ_ONLY = Markup(
    "Nothing on any host was changed, apart from the traces that any login leaves in the logs of sshd and sudo and the "
    "access time of symbolic links."
)


def render(seen: Verification) -> Lines:
    """Return the title and the table under it."""
    data = seen.data
    made: Json = data["controller"]
    producer = phrase(
        "evenkeel.drift {} on ansible-core {}; user {}, control node {}",
        *(made.get(key) or "not known" for key in ("collection", "ansible", "user", "host")),
    )
    items: list[tuple[str, object]] = [
        ("Verification", code(data["id"])),
        ("Of the run", code(data["run"])),
        ("Of the deploy", code(data["deploy"]) if data["deploy"] else "none was named"),
        ("Date", str(data["as_of"])[:10]),
        ("Window", window(data["window"])),
        *([("Observation window", join("; ", [_watched(one) for one in data["watch"]]))] if data["watch"] else []),
        *([("Looked", join("; ", [_after(one) for one in data["looked"]]))] if data["looked"] else []),
        ("Logs", _logs(data["logs_since"])),
        ("Environments", join(", ", data["environments"])),
        ("Hosts", join(", ", [_host(one) for one in data["hosts"]])),
        ("Method", _METHOD),
        ("Read-only", Markup(f"{_READ_ONLY} {alerts.sent(seen.checks)}".strip())),
        ("Produced by", producer),
    ]
    return [*heading(1, phrase("Verification report: {}", data["application"])), *table(("Item", "Value"), items)]


def window(told: Json) -> str:
    """Return a window with its length and where it comes from."""
    if told["from"] is None:
        return f"not known: {told['of']}"
    return f"{told['from']} to {told['to']} ({duration(told['seconds'])}), computed from {told['of']}"


def _watched(one: Json) -> object:
    told: Json = one["window"]
    if not told["from"] or not told["to"]:
        return phrase("{} was never seen in {}", code(one["host"]), duration(told["for_s"]))
    return phrase(
        "{} from {} to {}: {} of {} observed ({})",
        code(one["host"]),
        told["from"],
        told["to"],
        duration(told["observed_s"]),
        duration(told["for_s"]),
        percent(told["observed_s"] / told["for_s"]),
    )


def _after(one: Json) -> object:
    return phrase("{} {} after its last change ({})", code(one["host"]), duration(one["seconds"]), one["change"])


def _logs(hosts: t.Sequence[Json]) -> object:
    if not hosts:
        return "none was read"
    return join("; ", [_since(one) for one in hosts])


def _since(one: Json) -> object:
    if one["asked"] == "deploy":
        known = one["from"] or f"not known when that was ({one['reason']}): give -e verify_since=1h, or a time"
        own = join(", ", [phrase("{} since {}", code(log["name"]), log["from"]) for log in one["logs"]])
        apart = phrase(" ({})", own) if one["logs"] else Markup("")
        return phrase("{} since its last change: {}{}", code(one["host"]), known, apart)
    if isinstance(one["asked"], int):
        return phrase("{} the last {}", code(one["host"]), duration(one["asked"]))
    return (
        phrase("{} since {}", code(one["host"]), one["asked"])
        if one["asked"]
        else phrase("{} as its contract says", code(one["host"]))
    )


def _host(one: Json) -> object:
    return phrase("{} {}", code(one["host"]), STATUS[one["verdict"]].markdown())


def summary(seen: Verification) -> Lines:
    """Return the verdict, the counts, and what did not pass."""
    data = seen.data
    counts: Json = data["counts"]
    lines = heading(2, "Summary")
    lines += paragraph(phrase("**Overall: {}**", STATUS[data["overall"]["verdict"]].markdown()))
    titles = ("Counted", "Total", *(STATUS[one].word for one in reversed(verdicts.VERDICTS)))
    lines += table(
        titles,
        [
            ("Checks", counts["checks"], *(counts["by_verdict"][one] for one in reversed(verdicts.VERDICTS))),
            (
                "Criteria",
                counts["criteria"],
                *(counts["criteria_by_verdict"][one] for one in reversed(verdicts.VERDICTS)),
            ),
        ],
    )
    lines += paragraph(said) if (said := soon.sentence(data)) else []
    lines += key_figures.render(seen)
    if not seen.open:
        return [*lines, *paragraph("Every check is PASS.")]
    items = [
        phrase("{} {}: {}", STATUS[one["verdict"]].markdown(), one["host"], one["summary"])
        for one in seen.open[:_SHOWN]
    ]
    lines += [*paragraph("What is not PASS, the worst first:"), *bullets(items)]
    hidden = len(seen.open) - _SHOWN
    return [*lines, *paragraph(f"... and {number(hidden, 'more check')} below.")] if hidden > 0 else lines


def decision(seen: Verification) -> Lines:
    """Return what was decided, by which rules, why, and lines for those who approve it."""
    overall: Json = seen.data["overall"]
    lines = heading(2, "Decision")
    lines += paragraph(phrase("**{}**", STATUS[overall["verdict"]].markdown()))
    lines += bullets([phrase("Because {}", one) for one in overall["reasons"]])
    lines += paragraph(Markup("The rules:"))
    rules: Json = seen.data["rules"]
    lines += bullets([Markup(rules["check"]), Markup(rules["criterion"]), Markup(overall["rule"])])
    said = "fails" if seen.data["strict"] else "does not fail"
    lines += paragraph(f"A host that is CONDITIONAL {said} (verify_strict: {str(seen.data['strict']).lower()}).")
    blank = Markup("&nbsp;")
    lines += table(
        ("Approval", "Name", "Date", "Signature"),
        [(who, blank, blank, blank) for who in ("Verified by", "Accepted by")],
    )
    return lines


def next_validation(seen: Verification) -> Lines:
    """Return when to verify again."""
    told: Json = seen.data["next_validation"]
    text = f"By {told['by']} ({told['days']} days after this one), or after {told['or']}, whichever comes first."
    return [*heading(2, "Next validation"), *paragraph(text)]
