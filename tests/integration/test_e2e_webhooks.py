# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: alert channels are looked at, never used; no address leaves its host."""

from __future__ import annotations

import typing as t
from pathlib import Path

from e2e_operator import Operator

GENERAL = "https://discord.com/api/webhooks/1375647527914963097/" + "kX3_" * 17
SYSTEM = "https://discord.com/api/webhooks/1379097202613420163/" + "qZ7-" * 17
SENT = {("sent", name, None) for name in ("general", "system")}


def channel(name: str, key: str, **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, "webhook": {"file": ".env", "key": key}, "kind": "discord", **more}


CHANNELS = [channel("general", "DISCORD_WEBHOOK_URL"), channel("system", "SYSTEM_ALERTS_WEBHOOK_URL")]


def audit(operator: Operator, host: Path, lines: str, channels: list[dict[str, t.Any]] | None = None) -> t.Any:
    (host / ".env").write_text(lines)
    seen = operator.audit_one(host, drift_contract={"endpoints": channels or CHANNELS})
    stored = "".join(path.read_text() for path in (operator.runs / "latest").rglob("*") if path.is_file())
    for secret in (GENERAL, SYSTEM, GENERAL[-68:], SYSTEM[-68:]):
        assert secret not in stored + seen.text
    return seen


def test_two_channels_of_their_own_are_in_order_and_not_called_tried(operator: Operator, tmp_path: Path) -> None:
    seen = audit(operator, tmp_path, f"DISCORD_WEBHOOK_URL={GENERAL}\nSYSTEM_ALERTS_WEBHOOK_URL='{SYSTEM}'\n")
    assert seen.state() == (0, "in_sync")
    assert seen.brief("endpoints") == SENT
    assert {one["outcome"] for one in seen.findings["findings"]} == {"not_exercised"}
    passed = {(one["check"], one["subject"]) for one in seen.findings["checks"] if one["section"] == "endpoints"}
    assert passed == {
        (check, name) for name in ("general", "system") for check in ("configured", "well_formed", "distinct")
    }
    assert "| Channel | Kind |" in (operator.runs / "latest" / "report.md").read_text()


def test_each_fault_of_a_channel_is_found(operator: Operator, tmp_path: Path) -> None:
    lines = (
        f"DISCORD_WEBHOOK_URL={GENERAL}\nSYSTEM_ALERTS_WEBHOOK_URL={GENERAL}\nSHORT={GENERAL[:-40]}\nDUMMY=changeme\n"
    )
    more = [channel("short", "SHORT"), channel("dummy", "DUMMY"), channel("none", "NONE")]
    slack = channel("slack", "SYSTEM_ALERTS_WEBHOOK_URL", kind="slack", distinct=False)
    seen = audit(operator, tmp_path, lines, [*CHANNELS, *more, slack])
    faults = {finding for finding in seen.brief("endpoints") if finding[0] != "sent"}
    assert faults == {
        ("distinct", "general", "not_distinct"),
        ("distinct", "system", "not_distinct"),
        ("well_formed", "short", "malformed"),
        ("well_formed", "slack", "malformed"),
        ("configured", "dummy", "not_configured"),
        ("configured", "none", "not_configured"),
    }


def test_a_file_that_is_not_there_is_unknown(operator: Operator, tmp_path: Path) -> None:
    other = [{"webhook": {"file": "other.env", "key": "HOOK"}}]
    seen = audit(operator, tmp_path, "", other)
    assert seen.state() == (2, "unknown")
    assert seen.brief("endpoints") == {("configured", "HOOK", "unseen")}
