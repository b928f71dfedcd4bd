# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a Compose project as they are just now, before Compose itself is let loose on them. Private to the
collection.

They are read by the reader that audits use. What it does not understand, or what Compose would fill with nothing, is
refused.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.evenkeel.drift.plugins.module_utils.act.errors import Refused
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.files import HostFiles
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.interpolate import interpolate
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.project import read_project
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.service import Declared, declared_service
from ansible_collections.evenkeel.drift.plugins.module_utils.compose.values import Unsupported, assumed_in
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import mask, secrets_of
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen
from ansible_collections.evenkeel.drift.plugins.module_utils.text import raw

Json = t.Dict[str, t.Any]


class ProjectFiles:
    """One project. ``step`` has ``project``, ``directory``, ``files``, ``env_file`` and ``profiles``; ``host`` learns
    the secrets that are read.
    """

    def __init__(self, step: Json, host: Host) -> None:
        """Read it. Raises Refused."""
        self._step = step
        self._host = host
        self._files = HostFiles(host.root, os.fsdecode(raw(step["directory"])), host.check_time)
        try:
            self._project = read_project(self._files, step)
        except Unseen as unseen:
            raise Refused(f"the Compose files in {step['directory']} cannot be read: {mask(unseen.reason)}") from None
        for name, value in self._project.variables.items():
            host.learn(secrets_of(name, value))
        if self._project.partial:
            raise Refused(f"the project in {step['directory']} is brought up by hand: {self._project.partial}")

    def paths(self) -> list[str]:
        """Return its Compose files in their order, absolute."""
        return [os.path.join(self._files.whole, name) for name in self._project.files]

    def filled(self, said: str) -> str | None:
        """Return a text with the variables of the project, None when one has no value."""
        try:
            text = interpolate(said, self._project.variables)
        except Unsupported:
            return None
        return None if assumed_in(text) else str(text)

    def image(self, service: str) -> str | None:
        """Return the name of the image of a service, None when it has none or that is not known."""
        said = self._project.services.get(service, {}).get("image")
        return said if isinstance(said, str) and not assumed_in(said) else None

    def wanted(self, service: str) -> int:
        """Return how many containers a service is to have. Raises Refused when its declaration cannot be used."""
        where = self._step["directory"]
        if service in self._project.broken:
            raise Refused(f"service {service} in {where} cannot be read: {mask(self._project.broken[service])}")
        if service not in self._project.services:
            raise Refused(f"the Compose files in {where} declare no service {service}")
        profiles = frozenset(self._step["profiles"])
        of = Declared(self._step["project"], self._files.whole, self._project, self._files, profiles)
        declared = declared_service(of, service, self._host)
        told = (*declared["settings"], *declared["environment"], *declared["labels"])
        assumed = sorted({name for one in told for name in one["assumed"]})
        if assumed:
            raise Refused(
                f"service {service} depends on {', '.join(assumed[:3])}, which .env does not set, and Compose would "
                "leave it empty: write it into .env"
            )
        return 1 if declared["scale"] is None else int(declared["scale"])
