# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a container that was started by hand becomes one of Compose, and the way back. Private to the collection."""

from __future__ import annotations

from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.model import Step
from ansible_collections.evenkeel.drift.plugins.plugin_utils.proposals.shell import filename, quoted

FILE = "compose.yaml"
EXAMPLE = "env.example"


def review(tool: str, identity: str) -> tuple[Step, ...]:
    """Return how to look at the file. ``tool`` is the engine's program, ``identity`` begins the container's id."""
    return (
        Step("Compare it with what runs, on the host:", (f"{tool} inspect {identity}",)),
        Step("Let Compose read it, beside a filled-in .env:", (f"{tool} compose -f {FILE} config --quiet",)),
    )


def apply(tool: str, identity: str, name: str, filling: bool) -> tuple[Step, ...]:
    """Return how to put the file in place. ``filling`` says whether there is something to fill in."""
    shown = "{{range .Config.Env}}{{println .}}{{end}}"
    fill = Step(
        f"On the host, in that directory, make .env of {EXAMPLE}. The values are those that the container has:",
        ("install -m 0600 /dev/null .env", f"{tool} inspect --format '{shown}' {identity}", "${EDITOR:-vi} .env"),
    )
    return (
        Step(f"Commit {FILE} to the reference's repository, into a directory that only it has, and deploy it."),
        *([fill] if filling else []),
        Step(
            "On the host, in that directory, set the container aside, and start the new one:",
            (
                f"{tool} update --restart no {identity} && {tool} stop {identity}",
                f"{tool} rename {identity} {quoted(filename(name) + '-before')}",
                f"{tool} compose up --detach --pull never",
            ),
        ),
        Step("Audit again. When all is well, remove the old one:", (f"{tool} rm {identity}",)),
    )


def undo(tool: str, identity: str, name: str, restart: str) -> tuple[Step, ...]:
    """Return the way back, as long as the old container is there. ``restart`` is its policy."""
    return (
        Step(
            "On the host, in the file's directory:",
            (
                f"{tool} compose down",
                f"{tool} rename {identity} {quoted(name)}",
                f"{tool} update --restart {quoted(restart)} {identity} && {tool} start {identity}",
            ),
        ),
    )
