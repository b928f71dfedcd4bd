# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rule file is given and what it gives back. Private to the collection."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import remedies
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.words import LISTED


@dataclasses.dataclass(frozen=True)
class Context:
    """Whose evidence is judged, against what.

    ``reference`` is the entry of ``references.json`` that the contract names, None when it names none (comparison is
    then not asked). ``paths`` gives the evidence file of a section inside the run folder. ``contract`` is the whole
    contract of the host and ``seen`` the evidence data of the sections that were seen, for rules that join two;
    ``changes`` is what the host's own record says of changes, None where it was not asked. ``others`` are the evidence
    files of other hosts that a check of several rests on as well.
    """

    environment: str
    host: str
    reference: Details | None = None
    paths: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    contract: Details = dataclasses.field(default_factory=dict)
    seen: t.Mapping[str, Details] = dataclasses.field(default_factory=dict)
    changes: Details | None = None
    others: tuple[str, ...] = ()

    @property
    def comparable(self) -> bool:
        """Whether a reference was named and could be made."""
        return self.reference is not None and self.reference.get("outcome", "ok") == "ok"

    def evidence(self, section: str) -> str:
        """Return the path of a section's evidence file in the run folder."""
        return self.paths.get(section, f"evidence/{self.host}/{section}.json")

    def rests_on(self, section: str) -> tuple[str, ...]:
        """Return the evidence files of a check, each once: that of the host first, then those of others."""
        return tuple(dict.fromkeys((self.evidence(section), *self.others)))


@dataclasses.dataclass
class Judgement:
    """The result of one section of one host.

    ``cells`` gives each component's state as far as findings do not say more: ``in_sync``, ``expected``, ``not_asked``
    or ``unknown``. ``coverage`` is ``{checked, unknown, ignored, reasons}``, ``facts`` small and bounded. ``marks``
    gives each component one text that is the same on two hosts when the component is: hosts of one environment should
    agree.
    """

    checks: list[Check] = dataclasses.field(default_factory=list)
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    coverage: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    cells: dict[str, str] = dataclasses.field(default_factory=dict)
    marks: dict[str, str] = dataclasses.field(default_factory=dict)

    def cover(self, reasons: t.Iterable[str] = (), ignored: int = 0) -> None:
        """Count the checks as what was covered; ``reasons`` stand beside those of the checks that are unknown."""
        unseen = [check for check in self.checks if check.outcome == "unknown"]
        said = sorted({*reasons, *(check.summary for check in unseen)})
        counted = {"checked": len(self.checks) - len(unseen), "unknown": len(unseen), "ignored": ignored}
        self.coverage = {**counted, "reasons": said[:LISTED]}


@dataclasses.dataclass(frozen=True)
class Scope:
    """Makes the checks of one component, with the impact, owner, risk and remedy that its contract entry states."""

    context: Context
    section: str
    component: str
    terms: Details
    risk: str

    def passed(
        self,
        check: str,
        subject: str,
        severity: str,
        summary: str,
        *,
        expected: Details | None = None,
        observed: Details | None = None,
    ) -> Check:
        """Return a check that passed."""
        return self._make(
            check,
            subject,
            "pass",
            severity,
            summary,
            expected=expected or {},
            observed=observed or {},
            impact="",
            owner="",
        )

    def failed(
        self,
        check: str,
        subject: str,
        severity: str,
        summary: str,
        *,
        state: str,
        cause: str | None,
        remedy: Details,
        direction: str = "none",
        expected: Details | None = None,
        observed: Details | None = None,
        impact: str = "",
    ) -> Check:
        """Return a check that did not pass. What is only ``info`` is told as an observation and is no drift."""
        return self._make(
            check,
            subject,
            "observation" if severity == "info" else "fail",
            severity,
            summary,
            state=state,
            cause=cause,
            direction=direction,
            expected=expected or {},
            observed=observed or {},
            remedy=remedies.with_terms(remedy, self.terms),
            impact=self.terms.get("impact") or impact,
        )

    def unknown(
        self,
        check: str,
        subject: str,
        severity: str,
        summary: str,
        *,
        cause: str = "unseen",
        observed: Details | None = None,
    ) -> Check:
        """Return a check that could not be made. It has the severity of the check that it stands for."""
        return self._make(
            check,
            subject,
            "unknown",
            severity,
            summary,
            state="unknown",
            cause=cause,
            observed=observed or {},
            remedy=remedies.FIX_ACCESS,
            impact=self.terms.get("impact") or "",
        )

    def not_exercised(
        self,
        check: str,
        subject: str,
        summary: str,
        *,
        expected: Details | None = None,
        observed: Details | None = None,
    ) -> Check:
        """Return a check of what did not happen while it was looked at: it neither passed nor failed, and informs."""
        return self._make(
            check,
            subject,
            "not_exercised",
            "info",
            summary,
            state="unknown",
            expected=expected or {},
            observed=observed or {},
            remedy=remedies.EXERCISE,
        )

    def _make(self, check: str, subject: str, outcome: str, severity: str, summary: str, **more: t.Any) -> Check:
        made = {"owner": self.terms.get("owner") or "", "risk": self.terms.get("risk") or self.risk, **more}
        return Check(
            environment=self.context.environment,
            host=self.context.host,
            section=self.section,
            component=self.component,
            check=check,
            subject=subject,
            outcome=outcome,
            severity=severity,
            summary=summary,
            evidence=tuple(f"{path}#{self.component}/{subject}" for path in self.context.rests_on(self.section)),
            **made,
        )
