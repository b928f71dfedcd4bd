# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files that are proposed: to our reader they are what runs, whatever names and values hold."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import HostFiles
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import read_project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.running import container_settings, image_settings
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.service import Declared, declared_service
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.fields import Fields
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.record import record
from ansible_collections.evenkeel.drift.plugins.module_utils.containers.unsaid import unsaid
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.compose_settings import compare
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.composes import composes
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Proposal
from fake_containers import hexed, inspected
from hypothesis import given, settings
from hypothesis import strategies as st
from proposals_seen import finding, seen

Json = dict[str, t.Any]

IMAGE = {"Config": {"Cmd": ["serve"], "Entrypoint": ["/entry"], "Env": ["PATH=/bin", "LANG=C"], "Labels": {"by": "x"}}}
ALONE: Json = {"Labels": {}, "Env": ["PATH=/bin", "LANG=C"], "Cmd": ["serve"], "Entrypoint": ["/entry"], "User": ""}
HOSTILE = [
    "a b",
    "x\ny: z",
    'quo"te',
    "50%",
    "$HOME",
    "${HOME}",
    "$$",
    "back\\",
    "{{ 1 }}",
    "\u2028",
    "\x1b",
    "#",
    "- x",
    "yes",
    "1.0",
    "\U0001f600",
    "'",
    ":",
]


def host() -> Host:
    return Host("/", 60, key=b"k" * 32)


def made(answer: Json, image: Json | None = None, now: str | None = None) -> tuple[Proposal, Json]:
    """Return what is proposed for a container, and the container as it is compared. ``now`` is the image that the name
    of its own stands for by now.
    """
    fields = Fields(answer)
    given = None if image is None else image_settings(Fields(image), host())
    outside = {
        "id": fields.raw("Id"),
        "name": fields.raw("Name").lstrip("/"),
        "reason": "",
        "defaults": given,
        "defaults_reason": "" if given else "the image that it was made of is gone",
        "unsaid": unsaid(fields),
        **container_settings(fields, [""], host()),
    }
    one = record(answer, b"k" * 32)
    one["name"] = outside["name"]
    one["image"]["now"] = now or one["image"]["now"]
    data = {"containers": [one], "outside": [outside], "engine": {"kind": "docker"}}
    wrong = [finding("containers", "compose", one["name"], one["name"], cause="outside_compose")]
    (proposal,) = composes(seen({"containers": {"require_compose": True}}, wrong, containers=data))
    return proposal, outside


def differences(proposal: Proposal, running: Json, folder: Path, values: dict[str, str] | None = None) -> list[str]:
    """Return how the proposed file, with a filled-in .env, differs from what runs, by the rules of an audit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compose.yaml").write_text(proposal.files["compose.yaml"], encoding="utf-8")
    env = "".join(f"{name}='{value}'\n" for name, value in (values or {}).items())
    (folder / ".env").write_text(env, encoding="utf-8")
    files = HostFiles(str(folder), ".")
    project = read_project(files, {"project": "p", "files": ["compose.yaml"], "env_file": None})
    assert not project.broken and len(project.services) == 1
    (name,) = project.services
    service = declared_service(Declared("p", str(folder), project, files, frozenset()), name, host())
    assert service["not_compared"] == []
    return [
        f"{one.key} {one.kind}: {one.declared} {one.running} {one.reason}"
        for one in compare(service, running).differences
    ]


RICH = inspected(
    "web",
    Config={
        **ALONE,
        "Labels": {"by": "x", "team": "a $b"},
        "Env": ["PATH=/bin", "LANG=de", "TOKEN=abc"],
        "Cmd": ["serve", "--port", "80 80"],
        "Healthcheck": {"Test": ["CMD-SHELL", "true || $X"], "Interval": 30 * 10**9, "Retries": 3},
    },
    HostConfig={
        "NetworkMode": "shop",
        "Memory": 64 << 20,
        "NanoCpus": 500_000_000,
        "PidsLimit": 100,
        "CapAdd": ["CAP_NET_ADMIN"],
        "ReadonlyRootfs": True,
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        "PortBindings": {
            "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8001"}],
            "53/udp": [{"HostIp": "", "HostPort": ""}],
        },
        "Tmpfs": {"/tmp": ""},
    },
    Mounts=[
        {"Type": "bind", "Source": "/srv/da ta", "Destination": "/data", "RW": False},
        {"Type": "volume", "Name": "db", "Source": "/x", "Destination": "/db", "RW": True},
    ],
    NetworkSettings={"Networks": {"shop": {"Aliases": ["api", "web"], "IPAddress": "192.0.2.2"}}},
)


def test_the_file_is_what_runs(tmp_path: Path) -> None:
    proposal, running = made(RICH, IMAGE)
    assert differences(proposal, running, tmp_path, {"LANG": "de", "TOKEN": "abc"}) == []
    assert proposal.files["env.example"].splitlines()[1:] == [
        "# the variable LANG",
        "LANG=",
        "# the variable TOKEN",
        "TOKEN=",
    ]
    assert "abc" not in "".join(proposal.files.values())
    assert not proposal.actions and proposal.notes == ()
    # The twin: another value is a difference.
    assert differences(proposal, running, tmp_path, {"LANG": "fr", "TOKEN": "abc"}) != []


def test_what_the_image_gives_is_left_to_it(tmp_path: Path) -> None:
    answer = inspected("web", Config={**ALONE, "Healthcheck": None, "WorkingDir": "", "Hostname": ""})
    proposal, running = made(answer, IMAGE)
    assert differences(proposal, running, tmp_path) == []
    assert "env.example" not in proposal.files
    for key in ("entrypoint", "command", "environment", "labels", "healthcheck"):
        assert f"{key}:" not in proposal.files["compose.yaml"]


def test_without_the_image_all_is_said(tmp_path: Path) -> None:
    proposal, running = made(RICH)
    assert "the image that it was made of is gone" in proposal.notes[0]
    values = {"PATH": "/bin", "LANG": "de", "TOKEN": "abc"}
    told = differences(proposal, running, tmp_path, values)
    assert all(one.startswith(("environment unknown", "user unknown", "healthcheck")) for one in told), told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"HostConfig": {"Devices": [{"PathOnHost": "/dev/x"}]}}, "settings that the file does not have: Devices"),
        (
            {"HostConfig": {"NetworkMode": "container:abc"}, "NetworkSettings": {"Networks": {}}},
            "network of another container",
        ),
        (
            {"Mounts": [{"Type": "volume", "Name": "a" * 64, "Destination": "/d", "RW": True}]},
            "a volume without a name",
        ),
        (
            {"Mounts": [{"Type": "cluster", "Name": "", "Destination": "/d", "RW": True}]},
            "of a kind that is left out: cluster",
        ),
        ({"Config": {"Cmd": ["x" * 400]}}, "longer than an audit keeps"),
    ],
)
def test_what_the_file_cannot_say_is_said(changes: Json, said: str) -> None:
    answer = inspected("web", **changes)
    answer["Config"]["Labels"] = {}
    assert any(said in note for note in made(answer, IMAGE)[0].notes)


def test_secrets_of_a_command_are_filled_in(tmp_path: Path) -> None:
    answer = inspected(
        "web", Config={**ALONE, "Cmd": ["run", "--password", "hunter2hunter2", "postgres://u:s3cr3tpw@db/x"]}
    )
    proposal, running = made(answer, IMAGE)
    assert "hunter2" not in "".join(proposal.files.values()) and "s3cr3tpw" not in "".join(proposal.files.values())
    assert differences(proposal, running, tmp_path, {"FILL_IN_1": "hunter2hunter2", "FILL_IN_2": "s3cr3tpw"}) == []


def test_nothing_is_proposed_for_what_nobody_asked_about() -> None:
    data = {"containers": [], "outside": [{"id": "1", "name": "web", "reason": "it did not answer"}]}
    wrong = [finding("containers", "compose", "web", "web")]
    assert composes(seen({"containers": {}}, wrong, containers=data)) == []
    assert composes(seen({"containers": {}}, wrong)) == []
    # Evidence of a run before there were proposals.
    assert composes(seen({"containers": {}}, wrong, containers={"containers": []})) == []


TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12),
)


@settings(max_examples=60)
@given(
    words=st.lists(TEXTS, min_size=1, max_size=5),
    labels=st.dictionaries(TEXTS, TEXTS, max_size=3),
    names=st.lists(TEXTS.filter(lambda name: "=" not in name), max_size=3, unique=True),
    source=TEXTS.filter(lambda text: ":" not in text and "/" not in text and text.strip(".")),
    number=st.integers(0, 10**9),
)
def test_nothing_breaks_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    words: list[str],
    labels: dict[str, str],
    names: list[str],
    source: str,
    number: int,
) -> None:
    answer = inspected(
        "web",
        Config={
            **ALONE,
            "Cmd": words,
            "Labels": labels,
            "Env": ["PATH=/bin", "LANG=C", *(f"{name}=v" for name in names)],
        },
        Mounts=[{"Type": "bind", "Source": f"/srv/{source}", "Destination": f"/in/{number}", "RW": True}],
    )
    answer["Config"]["Labels"] = labels
    proposal, running = made(answer, IMAGE)
    variables = [
        line[:-1]
        for line in proposal.files.get("env.example", "").splitlines()
        if line.endswith("=") and line[0] != "#"
    ]
    told = differences(proposal, running, tmp_path_factory.mktemp("file"), dict.fromkeys(variables, "v"))
    # What was masked is not "v".
    masked = any("FILL_IN" in one for one in variables)
    assert told == [] or masked, (told, proposal.files["compose.yaml"])


@pytest.mark.parametrize(
    ("name", "repository"), [("Web_1", "web-1"), ("UPPER", "upper"), ("a.-_b", "a-b"), ("__", "unnamed")]
)
def test_the_name_that_keeps_an_image_is_one_that_an_engine_takes(name: str, repository: str) -> None:
    proposal, _running = made(inspected(name, Config=ALONE), now=hexed("another image"))
    (note,) = (note for note in proposal.notes if "stands for another image by now" in note)
    assert f" {repository}:as-it-runs) and write" in note
