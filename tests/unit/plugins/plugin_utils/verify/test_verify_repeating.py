# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of check has a command that repeats it by hand, or says in words why it has none."""

from __future__ import annotations

import importlib
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils import env_value
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.plugin_utils.contract.webhooks import CHECKS as CHANNELS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import SECTIONS
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report import live_commands
from ansible_collections.evenkeel.drift.plugins.plugin_utils.report.commands import plain
from ansible_collections.evenkeel.drift.plugins.plugin_utils.verify import repeating
from verify_builders import check, run

DOCS = Path(__file__).parents[5] / "docs"
CONTRACT = "ansible_collections.evenkeel.drift.plugins.plugin_utils.contract."
HARMLESS = re.compile(
    r"bin/app check|cat|curl|cut|date|df|diff|docker (inspect|logs|ps|stats|diff|version|image inspect)|dpkg-query|"
    r"find|free|timeout 60 python3 -I -c 'import |xargs -r (ps -o|docker inspect) |"
    r"echo \"ended with|timeout 10 openssl s_client -connect|openssl x509 -noout|nproc|"
    r"git --no-pager --no-optional-locks -c core.fsmonitor=false -C .+ (status|rev-parse|branch|tag|remote|stash list)|"
    r"\}|grep|journalctl|ls|ps|redis-cli|rpm -qa|(\{ )?sed -n|sha256sum|sort|ss|stat|tail|uptime|"
    r"systemctl --no-pager show|"
    r"xargs -r -d '\\n' sha256sum|LC_ALL=C sort|docker exec \S+ redis-cli|uniq -c|awk '|readlink|head -[cnz]|tr '|"
    r"zcat -f|printf|timeout 10 bash -c|xargs -r -d '\\n' -I\{\} grep "
)
WATCHED = {
    "window": ("window/", ["window"]),
    "processes": ("processes/main", ["stable", "memory", "cpu"]),
    "units": ("units/main", ["stable"]),
    "containers": ("containers/main", ["stable", "memory", "cpu", "seen"]),
    "endpoints": ("endpoints/main", ["available", "time"]),
    "streams": ("streams/main", ["lag"]),
    "logs": ("logs/main", ["errors", "forbid", "cycles", "log"]),
    "memory": ("memory", ["memory"]),
}
FACTS = {
    "endpoints": [{"name": "main", "url": "http://127.0.0.1:8002/health", "method": "GET", "from": "host"}],
    "logs": [{"name": "main", "kind": "path", "source": "logs/main.log"}],
    "trees": [{"name": "main", "path": "src"}],
    "configs": [{"name": "main", "kind": "path", "source": ".env"}],
    "commands": [{"name": "main", "command": "bin/app check"}],
    "streams": [{"entry": "main", "server": "redis 127.0.0.1:6379", "stream": "trades"}],
}
LISTED = {"configs": "files"}
"""How judge/ calls the facts of a section that are not called as it is."""

Json = dict[str, t.Any]


def documented(section: str) -> set[str]:
    """The checks that the page of a section lists in its tables, and those that its contract grades."""
    page = (DOCS / "sections" / f"{section}.md").read_text(encoding="utf-8")
    compared = page.partition("## What is compared")[2].partition("\n## When")[0]
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", compared, re.MULTILINE)
    graded = getattr(importlib.import_module(CONTRACT + section), "CHECKS", ())
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)} | set(graded)


KINDS = [
    *((section, name) for section in SECTIONS for name in sorted(documented(section))),
    *(("endpoints", name) for name in (*CHANNELS, "sent")),
    *(("trees", name) for name in ("comparison", "complete", "mode", "mtime")),
    *(("run", name) for name in ("observed", "change")),
]


def findings(**more: t.Any) -> Json:
    facts = [
        {
            "host": "web1",
            "section": section,
            "facts": {LISTED.get(section, section): [{**one, **more} for one in listed]},
        }
        for section, listed in FACTS.items()
    ]
    return run(facts=facts)


WRITES = re.compile(
    r"open\([^)]*[\"'](w|a|x|r\+)|write|remove|unlink|system|subprocess|exec|eval|popen|import os\b(?!,re)"
)


def made(one: Json, **more: t.Any) -> tuple[str, str]:
    told = repeating.Places(findings(**more)).of(one)
    assert set(told) == {"command", "instead"}
    assert bool(told["command"]) != bool(told["instead"])
    if told["command"]:
        subprocess.run(["bash", "-n", "-c", told["command"]], check=True, capture_output=True)
        # What follows is for the control node, and only a comment here.
        for part in re.split(r" \| |; ", told["command"].partition("  # ")[0].replace(" 2>&1", "")):
            assert HARMLESS.match(part), part
            assert "python3" not in part or not WRITES.search(part), part
    return told["command"], told["instead"]


def test_all_sections_are_walked() -> None:
    assert {section for section, _name in KINDS} == {*SECTIONS, "run"}
    assert len(set(KINDS)) > 90


@pytest.mark.parametrize(("section", "name"), sorted(set(KINDS)))
@pytest.mark.parametrize("outcome", ["pass", "fail"])
def test_each_kind_of_check_is_repeated_or_says_why_not(section: str, name: str, outcome: str) -> None:
    expected = {"pattern": "TODO", "path": ".env"} if section in ("trees", "configs") else {}
    subject = {"trees": "src/app.py", "git": "."}.get(section, "main")
    subject += {"similar": ":src/b.py", "remote": ":origin", "must_contain": ":TODO"}.get(name, "")
    _command, instead = made(check(section, name, outcome, subject=subject, expected=expected))
    assert instead != repeating.NONE, "nothing is known of this kind of check"


def test_a_kind_that_nobody_thought_of_is_found_out() -> None:
    """The twin of the test above: what it asserts fails for a check that has no rule."""
    assert made(check("git", "brand_new", subject="."))[1] == repeating.NONE


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, (_place, names) in WATCHED.items() for name in names]
)
def test_each_check_of_a_window_has_a_command(kind: str, name: str) -> None:
    place = WATCHED[kind][0]
    one = check("watch", name, component=kind, subject="main:4276", evidence=[f"watch/web1.json#{place}"])
    command, instead = made(one)
    assert command, instead
    assert "4276" not in command


@pytest.mark.parametrize(
    ("component", "name", "said"),
    [
        ("endpoints:main", "time", "curl "),
        ("processes:main", "memory", "ps "),
        ("containers:main", "memory", "docker "),
        ("logs:main:ERROR", "errors", "cat -- logs/main.log | timeout 60 python3 -I -c "),
        ("trees:main", "feature", "find src "),
        ("configs:main", "feature", "stat -c '%y %a %U %n' -- .env; sha256sum"),
        ("git:repository", "feature", "git "),
    ],
)
def test_each_comparison_with_what_was_accepted_has_a_command(component: str, name: str, said: str) -> None:
    command, instead = made(check("regression", name, component=component))
    assert command.startswith(said), instead


TOKEN = "s3cr=et$(x)&/.\\"
PLACE = {"file": "conf/.env", "key": "API.TOKEN", "prefix": "Bearer & "}
CURL = """#!/bin/sh
printf '%s\\n' "$@" > arguments
for word; do [ "$word" = @- ] && cat > sent; done
true
"""


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([f"API.TOKEN={TOKEN}"], TOKEN),
        (["API.TOKEN=older", "APIxTOKEN=x", f"  export API.TOKEN = {TOKEN}  # rotated", "OTHER=1"], TOKEN),
        ([f'API.TOKEN="{TOKEN} b"'], f"{TOKEN} b"),
        (["API.TOKEN='a b' # c"], "a b"),
        (["#API.TOKEN=old", "MY_API.TOKEN=x", "API.TOKEN=new"], "new"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_token_is_read_where_the_host_has_it_and_shown_nowhere(
    method: str, lines: list[str], value: str, tmp_path: Path
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / ".env").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert env_value.find_value(str(tmp_path), PLACE["file"], PLACE["key"]) == value
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "curl").write_text(CURL, encoding="utf-8")
    (tmp_path / "bin" / "curl").chmod(0o755)
    headers = {"Accept": "text/plain", "Authorization": PLACE, "X-Key": {**PLACE, "prefix": None}}
    command, _instead = made(check("endpoints", "status"), headers=headers, method=method)
    path = f"{tmp_path / 'bin'}:/usr/bin:/bin"
    ran = subprocess.run(
        ["bash", "-c", command], check=True, capture_output=True, text=True, cwd=tmp_path, env={"PATH": path}
    )
    assert (tmp_path / "sent").read_text() == f"Authorization: Bearer & {value}\nX-Key: {value}\n"
    arguments = (tmp_path / "arguments").read_text()
    assert "Accept: text/plain\n" in arguments
    assert value not in arguments + ran.stdout + ran.stderr + command
    # What an audit's report has for a finding is the same.
    finding = check("endpoints", "status", "fail", expected={**FACTS["endpoints"][0], "headers": headers})
    assert method == "HEAD" or live_commands.commands([finding], plain)[0][1] == command


def test_a_value_that_only_the_contract_has_is_to_be_filled_in() -> None:
    headers = {"X-Api-Key": MARK, "Accept": "it's"}
    command, instead = made(check("endpoints", "status"), headers=headers)
    assert command == ""
    assert "it is asked with X-Api-Key, of which only the contract has the value: curl -sS -o " in instead
    assert "-H 'X-Api-Key: FILL_IN' -H 'Accept: it'\"'\"'s' -- http://127.0.0.1:8002/health (write that" in instead
    finding = check("endpoints", "status", "fail", expected={**FACTS["endpoints"][0], "headers": headers})
    assert "'X-Api-Key: FILL_IN'" in live_commands.commands([finding], plain)[0][1]
    assert made(check("endpoints", "status"), headers={"A": {**PLACE, "key": "a\nb"}})[0] == ""


def test_a_stream_of_a_window_is_asked_where_its_server_listens() -> None:
    one = check("watch", "lag", component="streams", subject="main:g", evidence=["watch/web1.json#streams/main"])
    assert made(one)[0].startswith("redis-cli -h 127.0.0.1 -p 6379 XLEN trades;")


@pytest.mark.parametrize("name", ["my app.log", "the journal of x", "container a.log", "it's;touch x", "-n 5.log"])
def test_a_log_of_any_name_is_shown(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("ERROR: boom\nERRORS\n", encoding="utf-8")
    for kind, subject in (("log", "main"), ("max", "main:ERROR")):
        command, _instead = made(check("logs", kind, subject=subject), source=name)
        ran = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True, cwd=tmp_path)
        assert "boom" not in ran.stdout
        assert ran.stdout == "1 line: 1,\n" if kind == "max" else name in ran.stdout
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("kind", "source", "said"),
    [
        (
            "journal",
            "the journal of a.service",
            "journalctl --no-pager --quiet --utc -o short-iso -n 1 -u a.service | cut",
        ),
        ("container", "container app", "docker logs --timestamps --tail 1 app 2>&1 | cut"),
    ],
)
def test_a_log_that_is_no_file_is_shown(kind: str, source: str, said: str) -> None:
    assert made(check("logs", "forbid", subject="main:x"), kind=kind, source=source)[0] == f"{said} -d ' ' -f 1"


@pytest.mark.parametrize(
    ("one", "program"),
    [
        (check("trees", "must_contain", subject=".env:^KEY=", expected={"pattern": "^KEY="}), "cat .env >&2; "),
        (check("trees", "similar", "unknown", subject=".env:.env.old"), ""),
    ],
)
def test_what_may_be_a_secret_is_not_shown(one: Json, program: str, tmp_path: Path) -> None:
    """The twin shows it: a command that prints the file is found out by the same look."""
    (tmp_path / ".env").write_text("KEY=hunter2\n", encoding="utf-8")
    (tmp_path / ".env.old").write_text("KEY=hunter1\n", encoding="utf-8")

    def shown(command: str) -> str:
        ran = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True, cwd=tmp_path)
        return ran.stdout + ran.stderr

    command, _instead = made(one)
    assert shown(command)
    assert "hunter" not in shown(command)
    assert "hunter" in shown(f"{program or 'diff .env .env.old; '}{command}")


@pytest.mark.parametrize("kind", ["comparison", "forbidden"])
def test_a_tree_with_a_leading_dash_is_no_order_to_find(kind: str, tmp_path: Path) -> None:
    (tmp_path / "-delete").mkdir()
    (tmp_path / "kept").write_text("kept", encoding="utf-8")
    command, _instead = made(check("trees", kind, subject="-delete:*.tmp"), path="-delete")
    subprocess.run(["bash", "-c", command], check=False, capture_output=True, cwd=tmp_path)
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("one", "facts", "why"),
    [
        (check("endpoints", "status"), {"method": "POST"}, "asked with POST, which may change something"),
        (check("watch", "time", evidence=["watch/web1.json#endpoints/main"]), {"method": "PUT"}, "asked with PUT"),
        (check("endpoints", "status"), {"from": "control"}, "the control node asked it, and not the host: curl -sS -o"),
        (check("endpoints", "status"), {"url": f"http://example.org/?token={MARK}"}, "a secret"),
        (check("endpoints", "sent"), {}, "its address is a secret of the host"),
        (check("configs", "running"), {"kind": "process"}, "whose values no command should show"),
        (check("commands", "exit"), {"command": ""}, "it did not run"),
        (check("commands", "exit"), {"command": f"app --password {MARK}"}, "holds a secret"),
        (check("git", "secrets_in_history", host="*"), {}, "several hosts"),
        (check("git", "secrets_in_history"), {}, "searched the history"),
        (check("run", "unused", component="waivers"), {}, "a waiver of the contract"),
        (check("trees", "content", subject="a\nb"), {}, "cannot show"),
        (check("units", "active", component="\x1b[31m"), {}, "cannot show"),
        (check("regression", "host", component="web1"), {}, "nothing of this host"),
    ],
)
def test_why_there_is_none_is_said(one: Json, facts: Json, why: str) -> None:
    command, instead = made(one, **facts)
    assert command == ""
    assert why in instead


@pytest.mark.parametrize("name", ["a b", "it's", "$(touch x)", "-rf", "`id`", "a;b", '"', "ü"])
@pytest.mark.parametrize(
    ("section", "kind", "facts"),
    [
        ("trees", "content", {}),
        ("trees", "similar", {}),
        ("trees", "forbidden", {}),
        ("git", "commit", {}),
        ("units", "active", {}),
        ("logs", "max", {"source": "NAME"}),
        ("watch", "stable", {}),
    ],
)
def test_a_name_stays_one_word(section: str, kind: str, facts: Json, name: str, tmp_path: Path) -> None:
    place = [f"watch/web1.json#containers/{name}"] if section == "watch" else []
    one = check(
        section, kind, component="main", subject=f"{name}:{name}" if kind == "similar" else name, evidence=place
    )
    command, _instead = made(one, **dict.fromkeys(facts, name))
    subprocess.run(["bash", "-c", f"PATH=/nonexistent; {command}"], check=False, capture_output=True, cwd=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("engine", "client"),
    [
        ({"kind": "docker", "socket": "/var/run/docker.sock"}, "docker "),
        ({"kind": "docker", "socket": "/run/it's.sock"}, "docker -H 'unix:///run/it'\"'\"'s.sock' "),
        ({"kind": "podman", "socket": "/run/podman/podman.sock"}, "podman "),
        ({"kind": "podman", "socket": "/run/user/7/podman.sock"}, "podman --url unix:///run/user/7/podman.sock "),
    ],
)
def test_the_engine_is_asked_that_was_observed(engine: Json, client: str) -> None:
    facts = [{"host": "web1", "section": "containers", "facts": {"engine": engine}}]
    facts.append({"host": "web1", "section": "logs", "facts": {"logs": [{**LOG, "source": "container app"}]}})
    places = repeating.Places(run(facts=facts))
    for section, name, place in (
        *(("containers", "user", ""), ("containers", "layer", ""), ("containers", "memory", ""), ("logs", "log", "")),
        *(("compose", "service", ""), ("compose", "setting", ""), ("watch", "stable", "watch/web1.json#containers/a")),
    ):
        one = check(section, name, evidence=[place])
        assert places.of(one)["command"].startswith(client), (section, name)


LOG = {"name": "main", "kind": "container"}
KEYS = [
    "user",
    "ports",
    "volumes",
    "command",
    "healthcheck.test",
    "healthcheck.interval",
    "environment.A B",
    "labels.x.y",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("name", ["web-1", "it's", "$(touch x)", "-rf", "a.b"])
def test_a_setting_of_a_service_is_shown_without_what_may_be_a_secret(key: str, name: str, tmp_path: Path) -> None:
    one = check("compose", "setting", "fail", subject=f"{name}.{key}", expected={key: "x"})
    command, _instead = made(one)
    docker = 'docker() { for word; do printf "%s\\n" "$word"; done >> asked; }; '
    ran = subprocess.run(["bash", "-c", docker + command], check=True, capture_output=True, text=True, cwd=tmp_path)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[-1] == name and [path.name for path in tmp_path.iterdir()] == ["asked"]
    hidden = key.partition(".")[0] in ("command", "environment", "labels") or key == "healthcheck.test"
    assert ran.stdout.endswith("  -\n") == hidden
    assert "{{.Config}}" not in asked and "{{json .Config}}" not in asked


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ({}, "--max-time 10 --noproxy '*' -- "),
        ({"timeout_s": 30, "verify": False}, "--max-time 30 --noproxy '*' -k -- "),
        ({"ca": "it's.pem"}, "--noproxy '*' --cacert 'it'\"'\"'s.pem' -- "),
        ({"redirects": 3}, "--noproxy '*' -L --max-redirs 3 --proto-redir =http -- "),
        # curl would send it to wherever a redirect leads.
        ({"redirects": 3, "headers": {"Accept": "a"}}, "--noproxy '*' -H 'Accept: a' -- "),
    ],
)
def test_an_endpoint_is_asked_as_the_contract_says(more: Json, options: str) -> None:
    assert options in made(check("endpoints", "status"), **more)[0]
