# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module on its own shows no secret that its collector has read, not even when that fails."""

from __future__ import annotations

import traceback
import typing as t

import pytest
from ansible_collections.evenkeel.drift.plugins.module_utils.mask import MARK
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.alone import Crashed, observe_alone
from ansible_collections.evenkeel.drift.plugins.module_utils.observe.section import Host, Unseen

VALUE = "Zr7-kQ_2xVb9"


def test_what_is_learned_is_not_shown() -> None:
    def collect(_spec: t.Mapping[str, t.Any], host: Host) -> dict[str, t.Any]:
        host.share(1).learn([VALUE])
        return {"log": [f"login with {VALUE}"]}

    assert observe_alone(collect, {}, Host("/", 60)) == {"log": [f"login with {MARK}"]}


def test_an_error_is_told_without_what_it_quotes() -> None:
    def collect(_spec: t.Mapping[str, t.Any], _host: Host) -> dict[str, t.Any]:
        return {"n": int(VALUE)}

    with pytest.raises(Crashed, match=r"ValueError in .*test_observe_alone\.py") as raised:
        observe_alone(collect, {}, Host("/", 60))
    assert VALUE not in "".join(traceback.format_exception(None, raised.value, raised.value.__traceback__))


def test_what_was_not_seen_keeps_its_reason() -> None:
    def collect(_spec: t.Mapping[str, t.Any], _host: Host) -> dict[str, t.Any]:
        raise Unseen("permission denied")

    with pytest.raises(Unseen, match="permission denied"):
        observe_alone(collect, {}, Host("/", 60))
