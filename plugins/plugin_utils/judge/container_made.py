# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about how one container was made: from which image, by what, and reachable from where.

Private to the collection.
"""

from __future__ import annotations

import ipaddress

from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge import container_words as words
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.check import Check, Details
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.container_rules import Rules, running
from ansible_collections.evenkeel.drift.plugins.plugin_utils.judge.remedies import remedy

_RECREATE = remedy("recreate", "Recreate the container, so that what was built or pulled does run.")
_KEEP = remedy("investigate", "Keep its image under a name of its own, or recreate the container from the wanted one.")
_COMPOSE = remedy(
    "declare", "Write it into a Compose file and have Compose make it: nothing says how to make it again."
)
_BIND = remedy("rebind", "Publish the port on 127.0.0.1, or have a firewall keep others away and waive this.")


class Made(Rules):
    """The checks of how one container was made."""

    def judge(self) -> list[Check]:
        """Return the checks."""
        checks = [*self._image(), *self._exposed()] if running(self.one) else []
        return [*checks, self._compose()] if self.contract["require_compose"] else checks

    def _image(self) -> list[Check]:
        image = self.one["image"]
        if "image" in self.unread:
            said = f"Whether {self.name} runs what {image['name']} is now is not known on {self.host}: "
            level = self.level("image_current")
            return [self.scope.unknown("image_current", self.name, level, said + self.unread["image"])]
        observed = {key: image[key] for key in ("name", "id", "digests", "revision", "created", "now")}
        short = words.short_id(image["id"])
        if image["now"] is None:
            said = f"{self.name} runs the image {short} on {self.host}: {image['now_reason']} ({image['name']})"
            if image["named"]:
                return [self._unnamed(said, observed)]
            return [self.passed("image_current", said, observed)]
        if image["now"] == image["id"]:
            said = f"{self.name} runs on {self.host} what {image['name']} is now ({short})"
            return [self.passed("image_current", said, observed)]
        revision = f", revision {image['revision']}" if image["revision"] else ""
        said = (
            f"{self.name} runs an older image on {self.host} than {image['name']} is now: {short} of "
            f"{image['created'] or 'an unknown time'}{revision}, while the name leads to "
            f"{words.short_id(image['now'])}: deployed, not running"
        )
        return [self.failed("image_current", said, "differs", "image_moved", _RECREATE, observed, {"id": image["now"]})]

    def _unnamed(self, said: str, observed: Details) -> Check:
        return self.scope.failed(
            *("image_current", self.name, "info", f"{said}: from here it cannot be made again as it is"),
            state="missing",
            cause=None,
            remedy=_KEEP,
            observed=observed,
        )

    def _exposed(self) -> list[Check]:
        made = []
        by_port: dict[str, list[Details]] = {}
        for port in self.one["ports"]["published"]:
            by_port.setdefault(port["port"], []).append(port)
        for port, bindings in sorted(by_port.items()):
            strict = self.contract["bind_local"]
            open_ones = [one for one in bindings if one["wildcard"] or (strict and not _is_loopback(one["address"]))]
            subject = f"{self.name}:{port}"
            where = words.listed([words.endpoint(one) for one in open_ones or bindings])
            said = f"{self.name} publishes its port {port} on {self.host} at {where}"
            observed = {"published": [dict(one) for one in bindings]}
            level = self.level("exposed")
            if open_ones:
                said += ": other machines reach it unless a firewall keeps them away"
                made.append(
                    self.scope.failed(
                        *("exposed", subject, level, said),
                        state="unexpected",
                        cause="exposed",
                        remedy=_BIND,
                        observed=observed,
                    )
                )
            else:
                made.append(self.scope.passed("exposed", subject, level, said, observed=observed))
        return made

    def _compose(self) -> Check:
        compose = self.one["compose"]
        if compose:
            observed = {"project": compose["project"], "service": compose["service"]}
            said = f"{self.name} on {self.host} is the service {compose['service']} of the project {compose['project']}"
            return self.passed("compose", said, observed)
        observed = {"image": self.one["image"]["name"], "created": self.one["created"]}
        said = f"{self.name} on {self.host} belongs to no Compose project: it was started by hand or by something else"
        return self.failed("compose", said, "unexpected", "outside_compose", _COMPOSE, observed)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
