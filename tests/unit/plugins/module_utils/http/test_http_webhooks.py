# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of alert channels: what is set, what cannot be right, and nothing of it in what is told."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.http.webhooks import look
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host

TOKEN = "kX3" + "aB9_-" * 13
DISCORD = f"https://discord.com/api/webhooks/1375647527914963097/{TOKEN}"
SLACK = "https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/abcdefghijklmnopqrstuvwx"
TELEGRAM = "https://api.telegram.org/bot123456789:AAabcdefghijklmnopqrstuvwxyz012345678/sendMessage"
TEAMS = "https://corp.webhook.office.com/webhookb2/0f8fad5b-d9cb-469f-a165-70867728950e@x/IncomingWebhook/abc/def"


def see(folder: pathlib.Path, text: str, key: bytes | None = b"k" * 32) -> dict[str, t.Any]:
    (folder / ".env").write_text(text)
    host = Host(str(folder), 60, 1, key)
    (seen,) = look([{"name": "alerts", "webhook": {"file": ".env", "key": "HOOK"}}], host)
    assert TOKEN not in json.dumps(seen)
    return seen


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (DISCORD, "discord"),
        (DISCORD.replace("discord.com", "canary.discordapp.com").replace("/api/", "/api/v10/"), "discord"),
        (SLACK, "slack"),
        (TELEGRAM, "telegram"),
        (TEAMS, "teams"),
        ("https://alerts.internal/hook?id=1", "any"),
        ("http://127.0.0.1:9093/api/v2/alerts", "any"),
    ],
)
def test_an_address_is_known_by_its_form(tmp_path: pathlib.Path, address: str, kind: str) -> None:
    seen = see(tmp_path, f"HOOK={address}\n")
    assert (seen["outcome"], seen["state"], seen["kind"], seen["problem"]) == ("ok", "set", kind, "")
    assert len(seen["digest"]) == 64


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (DISCORD[:-40], "not formed as an address of discord"),
        (DISCORD.replace("1375647527914963097", "abc"), "not formed as an address of discord"),
        (DISCORD.replace("https", "http"), "without encryption"),
        (SLACK[:-10], "not formed as an address of slack"),
        ("discord.com/api/webhooks/1/2", "no URL of http"),
        ("https://[::1", "no URL"),
        ("https://alerts.internal:99999/hook", "no URL"),
        ("https://alerts.internal/", "names a server and nothing on it"),
        ("ftp://alerts.internal/hook", "no URL of http"),
        ("'https://alerts.internal/a b'", "characters that no address has"),
    ],
)
def test_what_cannot_be_right_is_named(tmp_path: pathlib.Path, address: str, problem: str) -> None:
    seen = see(tmp_path, f"HOOK={address}\n")
    assert seen["state"] == "set"
    assert problem in seen["problem"]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("OTHER=1\n", "missing"),
        ("HOOK=\n", "missing"),
        ("HOOK=''\n", "missing"),
        ("# HOOK=" + DISCORD + "\n", "missing"),
        ("HOOK=https://discord.com/api/webhooks/your-id/your-token\n", "placeholder"),
        ("HOOK=<discord webhook>\n", "placeholder"),
        ("HOOK=${DISCORD_WEBHOOK_URL}\n", "placeholder"),
        ("HOOK=changeme\n", "placeholder"),
        ("HOOK=https://hooks.example.com/services/x\n", "placeholder"),
    ],
)
def test_what_is_not_set_is_not_configured(tmp_path: pathlib.Path, text: str, state: str) -> None:
    seen = see(tmp_path, text)
    assert (seen["outcome"], seen["state"], seen["digest"]) == ("ok", state, None)


def test_a_file_that_cannot_be_read_is_unknown(tmp_path: pathlib.Path) -> None:
    (seen,) = look([{"name": "alerts", "webhook": {"file": "none.env", "key": "HOOK"}}], Host(str(tmp_path), 60))
    assert (seen["outcome"], seen["state"]) == ("unknown", None)
    assert "none.env cannot be read" in seen["reason"]


def test_digests_compare_within_a_run_alone(tmp_path: pathlib.Path) -> None:
    line = f"HOOK={DISCORD}\n"
    assert see(tmp_path, line)["digest"] == see(tmp_path, line)["digest"]
    assert see(tmp_path, line)["digest"] != see(tmp_path, line, b"o" * 32)["digest"]
    assert see(tmp_path, line, None)["digest"] is None
