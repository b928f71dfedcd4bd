# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixtures that several tests of services share."""

from __future__ import annotations

from fake_compose_host import fixture_compose_host
from fake_systemd import fixture_systemd
from service_site import fixture_site

__all__ = ["fixture_compose_host", "fixture_site", "fixture_systemd"]
