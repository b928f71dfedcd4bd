# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the lab, on its engine: what the commands print that repeat checks of containers is what was judged, once as
declared and once not, and no value of an environment.
"""

from __future__ import annotations

import re
import typing as t
import uuid
from collections.abc import Iterator

import pytest
from e2e_lab import Lab
from e2e_operator import Operator
from e2e_repeated import Repeated, verified
from lab_engine import IMAGE, docker
from waiting import wait_until

pytestmark = pytest.mark.lab

SECRET = "hunter2-is-no-secret-name"
COMPOSE = f"""
services:
  web:
    image: {IMAGE}
    command: [sleep, "1000"]
    user: "1000"
    network_mode: none
    environment: {{TOKEN: {SECRET}, MODE: live}}
    labels: {{com.example.key: {SECRET}}}
  gone:
    image: {IMAGE}
    environment: {{DB_HOST: nowhere}}
"""

Json = dict[str, t.Any]


class World:
    """Containers of one test by short names, of which one is as declared (good) and the others are not."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.project = f"{prefix}-shop"
        self.tag = f"{prefix}:now"
        self._images: list[str] = []

    def start(self) -> None:
        docker("create", "--name", f"{self.prefix}-base", IMAGE, "true")
        self._tag("base")
        docker("rm", f"{self.prefix}-base")
        health = ["--health-interval", "100ms", "--health-retries", "1", "--health-cmd"]
        self._run("good", "--user", "1000", "--memory", "64m", *health, "true", command="sleep 1000")
        self._run(
            "bad", "-e", f"TOKEN={SECRET}", *health, f"echo {SECRET}; false", command="touch /etc/hot; sleep 1000"
        )
        self._run("ended", "--restart", "on-failure:2", command="exit 3")
        project = ["--label", f"com.docker.compose.project={self.project}", "--label"]
        service = [*project, "com.docker.compose.service=web", "--label", "com.docker.compose.oneoff=False"]
        more = [
            "--label",
            "com.docker.compose.container-number=1",
            "--label",
            f"com.example.key={SECRET}",
            "--user",
            "0",
        ]
        self._run("shop-web-1", *service, *more, "-e", f"TOKEN={SECRET}", "-e", "MODE=test", command="sleep 1000")
        self._run("shop-old-1", *project, "com.docker.compose.service=old", command="sleep 1000")
        # The name leads elsewhere now.
        self._tag("good")
        self._wait()

    def _tag(self, short: str) -> None:
        self._images.append(docker("commit", f"{self.prefix}-{short}", self.tag))

    def _run(self, short: str, *words: str, command: str) -> None:
        limits = ["--network", "none", "--stop-timeout", "0", "--name", f"{self.prefix}-{short}", *words]
        docker("run", "--detach", *limits, self.tag, "sh", "-c", command)

    def _wait(self) -> None:
        def status(short: str, field: str) -> str:
            return docker("inspect", "--format", field, f"{self.prefix}-{short}")

        wait_until(lambda: status("good", "{{.State.Health.Status}}") == "healthy", "the health check that passes")
        wait_until(lambda: status("bad", "{{.State.Health.Status}}") == "unhealthy", "the health check that fails")
        wait_until(lambda: status("ended", "{{.State.Status}} {{.RestartCount}}") == "exited 2", "the last try")

    def end(self) -> None:
        left = docker("ps", "--all", "--quiet", "--filter", f"name={self.prefix}-").split()
        if left:
            docker("rm", "--force", "--volumes", *left)
        # The second is made of the first, and comes before it.
        for identity in reversed(self._images):
            docker("image", "rm", "--no-prune", identity)


@pytest.fixture(name="world", scope="module")
def fixture_world(lab: Lab) -> Iterator[World]:
    """Containers beside the hosts of the lab, of the image that these are made of."""
    made = World(f"repeated-{uuid.uuid4().hex[:8]}")
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture(name="repeated", scope="module")
def fixture_repeated(world: World, tmp_path_factory: pytest.TempPathFactory) -> Repeated:
    top = tmp_path_factory.mktemp("repeated")
    root = top / "it's my app"
    root.mkdir()
    (root / "compose.yml").write_text(COMPOSE)
    name = f"{world.prefix}-"
    expected = {"image": world.tag, "user": "1000", "networks": ["none"]}
    contract = {
        "containers": {
            "names": [f"{name}*"],
            "require_compose": True,
            "max_restarts": 0,
            "memory_mb": {f"{name}good": 60, f"{name}bad": 0.01},
            "no_layer_changes": True,
            "only_expected": True,
            "expected": [
                {"name": f"{name}good", **expected},
                {"name": f"{name}bad", **expected, "image": "other:1", "networks": ["shop"]},
                {"name": f"{name}missing"},
            ],
        },
        "compose": [{"project": world.project, "files": ["compose.yml"]}],
    }
    return verified(Operator(top / "operator"), root, contract)


CONTAINERS = [
    ("running", "good", "/NAME running since ", "/NAME running since "),
    ("running", "ended", None, "/NAME exited since .*, exit code 3 .*, 2 restarts, restart policy on-failure"),
    ("health", "good", "running, healthy, failed 0 times", None),
    ("health", "bad", None, "running, unhealthy, failed [1-9][0-9]* times"),
    ("oom", "good", "out of memory: false, exit code 0, memory limit 67108864", None),
    ("restarts", "good", " 0 restarts", None),
    ("restarts", "ended", None, " 2 restarts"),
    ("layer", "good", "^$", None),
    ("layer", "bad:/etc/hot", None, "^A /etc/hot\n$"),
    ("image_current", "good", None, r"TAG (sha256:[0-9a-f]+)\n(?!\1)sha256:[0-9a-f]+ "),
    ("compose", "shop-web-1", "project PROJECT, service web", None),
    ("compose", "good", None, "project , service \n"),
    ("present", "good", "/NAME running", None),
    ("present", "missing", None, "No such container: NAME"),
    ("image", "good", "/NAME TAG sha256:", None),
    ("image", "bad", None, "/NAME TAG sha256:"),
    ("networks", "good", "networks none", None),
    ("networks", "bad", None, "networks none\n"),
    ("user", "good", "user 1000\n", None),
    ("user", "bad", None, "user \n"),
    ("declared", "ended", None, "/NAME TAG exited"),
]
"""Check, whose, and what the command prints where it passes, and where it fails."""


@pytest.mark.parametrize(("name", "whose", "passes", "fails"), CONTAINERS)
def test_what_is_printed_of_a_container_is_what_was_judged(
    world: World, repeated: Repeated, name: str, whose: str, passes: str | None, fails: str | None
) -> None:
    one = repeated.one("containers", name, f"{world.prefix}-{whose}")
    said = repeated.said(one)
    wanted = passes if one["outcome"] == "pass" else fails
    assert wanted is not None, one["summary"]
    short = f"{world.prefix}-{whose.partition(':')[0]}"
    for word, real in (("NAME", short), ("TAG", world.tag), ("PROJECT", world.project)):
        wanted = wanted.replace(word, re.escape(real))
    assert re.search(wanted, said), said


def test_the_memory_of_a_container_is_what_the_engine_measures(world: World, repeated: Repeated) -> None:
    for short, outcome in (("good", "pass"), ("bad", "fail")):
        one = repeated.one("containers", "memory", f"{world.prefix}-{short}")
        said = repeated.said(one)
        # Not every engine can measure it.
        wanted = "0B / 0B" if one["outcome"] == "unknown" else "[0-9.]+[KM]iB / [0-9.]+[KMGT]iB"
        assert one["outcome"] in (outcome, "unknown")
        assert re.fullmatch(f"{world.prefix}-{short} {wanted}\n", said), said


COMPOSED = [
    ("files", "PROJECT", "pass", "compose.yml\n"),
    ("service", "web", "pass", "PREFIX-shop-web-1 .* Up "),
    ("service", "gone", "fail", "^$"),
    ("extra", "old", "fail", "PREFIX-shop-old-1 .* Up "),
    ("setting", "PREFIX-shop-web-1.user", "fail", "user 0\n"),
    ("setting", "PREFIX-shop-web-1.environment.MODE", "fail", "has MODE\n[0-9a-f]{64}  -\n"),
    ("setting", "PREFIX-shop-web-1.command", "fail", "^[0-9a-f]{64}  -\n$"),
    ("names", "gone.environment.DB_HOST", "fail", "PREFIX-shop-web-1 .*none"),
]


@pytest.mark.parametrize(("name", "subject", "outcome", "wanted"), COMPOSED)
def test_what_is_printed_of_a_project_is_what_was_judged(
    world: World, repeated: Repeated, name: str, subject: str, outcome: str, wanted: str
) -> None:
    subject, wanted = (
        one.replace("PREFIX", world.prefix).replace("PROJECT", world.project) for one in (subject, wanted)
    )
    one = repeated.one("compose", name, subject)
    said = repeated.said(one)
    assert one["outcome"] == outcome, one["summary"]
    assert re.search(wanted, said), said


def test_no_command_prints_a_secret_and_every_one_works(world: World, repeated: Repeated) -> None:
    """The twin: all of what the engine says of the same containers has it."""
    mine = [one for one in repeated.checks if one["section"] in ("containers", "compose") and one["command"]]
    said = [(one["command"], repeated.run(one["command"])) for one in mine]
    assert not [pair for pair in said if SECRET in "".join(pair)]
    broken = [pair for pair in said if "rror" in pair[1] and f"{world.prefix}-missing" not in pair[0]]
    assert not broken
    assert SECRET in docker("inspect", f"{world.prefix}-bad")
