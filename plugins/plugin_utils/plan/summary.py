# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a deploy or a remediation for people: the last lines on the terminal, and result.md, the one report of all
of it: the verdict first, then each host, then how it went. Private to the collection. Pure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import number, short, some
from ansible_collections.evenkeel.drift.plugins.plugin_utils.plan import ending, timeline
from ansible_collections.evenkeel.drift.plugins.plugin_utils.remediate import report as remediation
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.safe import markdown, markdown_code
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.screen import Screen
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.status import Status, words

REHEARSED = "remediation_rehearsed"
"""What run.json has when a remediation was asked for in check mode, which ends with the plan."""
_SHOWN = 5
_LINES = 24
"""What became of a host is told whole: its end says whether all is well again."""
VERDICTS = {
    "PASS": Status("PASS", "\u2705", "green"),
    "CONDITIONAL": Status("CONDITIONAL", "\U0001f7e1", "yellow"),
    "FAIL": Status("FAIL", "\u274c", "red"),
    "IN SYNC": Status("IN SYNC", "\u2705", "green"),
    "DRIFT": Status("DRIFT", "\u274c", "red"),
    "UNKNOWN": Status("UNKNOWN", "\u2753", "cyan"),
    "CHECKED": Status("CHECKED", "\u2796", "none"),
    "NOT ENDED": Status("NOT ENDED", "\u2753", "cyan"),
}
_OPEN = (
    "it has not ended, or was interrupted: `steps.jsonl` has each step as it happened, and the next deploy writes here "
    "what is known of it. What was interrupted on a host is finished or taken back by then"
)

Json = dict[str, t.Any]


class Told(t.NamedTuple):
    """What is known besides: run.json, whether the deploy has ended, its steps and results, and the audits and
    verifications of it.
    """

    about: Json
    over: bool
    steps: t.Sequence[Json]
    results: t.Mapping[str, Json]
    looks: t.Sequence[timeline.Look]


def kind(about: Json) -> str:
    """Return what it is called."""
    return "Remediation" if "chain" in about or REHEARSED in about else "Deploy"


def overall(about: Json, ended: t.Sequence[ending.Ending]) -> Json:
    """Return ``{verdict, sentence}`` of the whole: one of ``VERDICTS``, and why."""
    bad = [one for one in ended if one.outcome not in ending.GOOD]
    final: Json = about.get("verification") or {"verdict": None, "hosts": {}}
    fails = sorted(host for host, one in final["hosts"].items() if one["fails"])
    said = [f"{some(hosts)}: {ending.OUTCOMES[outcome].word}" for outcome, hosts in _grouped(bad).items()]
    if final["verdict"] is not None:
        named = f", and fails {some(fails)}" if fails else ""
        said.append(f"the verification of all hosts in the end is {final['verdict']}{named}")
    if bad or fails:
        return {"verdict": "FAIL", "sentence": "; ".join(said)}
    if final["verdict"] is not None:
        return {"verdict": final["verdict"], "sentence": said[0]}
    state = about.get("verdict") or about.get("standing")
    if state is not None:
        when = "afterwards" if about.get("verdict") else "before it, after which there was nothing to do,"
        return {"verdict": words(state).upper(), "sentence": f"that is the verdict of the audit {when}".rstrip(",")}
    return {"verdict": "CHECKED", "sentence": "nothing was changed, and nothing was looked at again"}


def _grouped(ended: t.Sequence[ending.Ending]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in ended:
        found.setdefault(one.outcome, []).append(one.host)
    return found


def terminal(
    plan: Json, ended: t.Sequence[ending.Ending], about: Json, path: str, columns: int = 80, colour: bool = False
) -> str:
    """Return what the operator sees at the end; ``about`` is run.json."""
    screen = Screen(columns, colour)
    screen.line(f"{kind(about)} of {plan['id']}")
    final = (about.get("verification") or {"hosts": {}})["hosts"]
    for one in ended:
        screen.marked(ending.OUTCOMES[one.outcome], one.host)
        screen.paragraph(one.sentence, "  ", _LINES)
        if one.host in final:
            screen.paragraph(f"in the end: {_in_the_end(final[one.host])}", "  ", 4)
        if one.undo:
            screen.line(f"  undo it with the restore point {one.point}")
    made = overall(about, ended)
    mark = VERDICTS.get(made["verdict"], VERDICTS["UNKNOWN"])
    screen.marked_paragraph(mark, f"{kind(about)}: {made['sentence']}", "  ", 6)
    if about.get("took"):
        screen.paragraph(about["took"]["sentence"], "", 3)
    screen.whole("Report: ", path)
    return screen.text()


def _in_the_end(told: Json) -> str:
    return f"{told['verdict']}, {told['sentence']}" if told["sentence"] else str(told["verdict"])


def document(plan: Json, ended: t.Sequence[ending.Ending], told: Told) -> str:
    """Return result.md."""
    about = told.about
    recovered: Json = about.get("recovered") or {}
    parts = [
        f"# {kind(about)} {about['id']}",
        f"**{_verdict(told, ended)}**",
        *([markdown(about["took"]["sentence"]) + "."] if about.get("took") else []),
        _begun(plan, told),
        *(f"Before it, on {markdown(host)}: {markdown(said)}." for host, said in sorted(recovered.items())),
        *_hosts(plan, ended, told),
        *(remediation.sections(about, plan, told.results, told.over) if "chain" in about else []),
        "## Steps",
        *([f"By {markdown(timeline.who(told.steps))}."] if told.steps else []),
        timeline.table(told.steps, told.results, told.looks),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(told: Told, ended: t.Sequence[ending.Ending]) -> str:
    if not told.over:
        return f"{VERDICTS['NOT ENDED'].markdown()} {_OPEN}."
    made = overall(told.about, ended)
    mark = VERDICTS.get(made["verdict"], VERDICTS["UNKNOWN"])
    why = remediation.unverified(told.about)
    more = f" The verification of all hosts in the end was not made: {markdown(why)}." if why else ""
    return f"{mark.markdown()} {markdown(made['sentence'])}.{more}"


def _begun(plan: Json, told: Told) -> str:
    about = told.about
    audit = next((_link(one) for one in told.looks if one.name == plan["run"]), markdown_code(plan["run"]))
    lines = [
        f"[{plan['id']}](plan.md) of the audit {audit}, begun {markdown(about['started'])}"
        + (f", ended {markdown(about['finished'])}." if about.get("finished") else "."),
    ]
    after = about.get("after")
    if after:
        linked = next((_link(one) for one in told.looks if one.name == after), markdown_code(after))
        lines.append(f"The audit {linked} afterwards: {markdown(about['verdict'])}.")
    elif told.over:
        lines.append("No audit has followed.")
    return " ".join(lines)


def _link(one: timeline.Look) -> str:
    return markdown_code(one.name) if one.link is None else f"[{markdown_code(one.name)}]({one.link})"


def _hosts(plan: Json, ended: t.Sequence[ending.Ending], told: Told) -> list[str]:
    parts = {part["host"]: part for part in plan["hosts"]}
    final = (told.about.get("verification") or {"hosts": {}})["hosts"]
    rows = []
    for one in ended:
        verdict = final[one.host]["verdict"] if one.host in final else "not verified"
        cells = [markdown(one.host), ending.OUTCOMES[one.outcome].word]
        cells += [markdown(verdict)] if "chain" in told.about else []
        cells += [markdown(one.sentence), markdown_code(one.point) if one.point else "none"]
        rows.append(f"| {' | '.join(cells)} |")
    head = ["host", "outcome", *(["in the end"] if "chain" in told.about else []), "why", "restore point"]
    tables = ["\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows])]
    moved = [_moved(plan, parts[one.host], told.results.get(one.host) or {}) for one in ended if one.host in parts]
    rows = [row for row in moved if row]
    if rows:
        tables.append("\n".join(["| host | from | to | paths |", "|---|---|---|---|", *rows]))
    return tables


def _moved(plan: Json, part: Json, result: Json) -> str:
    """Return from which commit to which a host was to be brought, and the paths, nothing for one that stays."""
    if not part["actions"] and not result.get("changed"):
        return ""
    to = next((one for one in plan["references"] if one["id"] == part["reference"]), None)
    paths = list(result.get("changed") or [])
    shown = ", ".join(markdown_code(path) for path in paths[:_SHOWN])
    more = f" and {number(len(paths) - _SHOWN, 'other')}" if len(paths) > _SHOWN else ""
    said = f"{number(len(paths), 'path')}: {shown}{more}" if paths else "none changed"
    return (
        f"| {markdown(part['host'])} | {_commit(part.get('from'))} | {_commit(to)} | {said}, see [plan.md](plan.md) |"
    )


def _commit(about: Json | None) -> str:
    if about is None or not about.get("commit"):
        return "not known"
    near = ", the nearest" if about.get("source") == "nearest" else ""
    subject = f", {markdown(about['subject'])}" if about.get("subject") else ""
    return f"{markdown_code(short(about['commit']))}{near}{subject}"
