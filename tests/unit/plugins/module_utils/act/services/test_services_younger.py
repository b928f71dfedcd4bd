# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change starts is younger than its files, by the times that an audit sees of both."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.evenkeel.drift.plugins.module_utils.proc import clock, order
from ansible_collections.evenkeel.drift.plugins.module_utils.proc.reader import Proc, parse_stat
from service_site import Site

_TELLS = "read line < /proc/$$/stat; printf '%s\\n' \"$line\" > {}"


def test_what_a_hook_starts_at_once_is_told_from_the_files(site: Site, tmp_path: Path) -> None:
    said = tmp_path / "stat"
    for again in range(5):
        hooks = {"after_change": [["/bin/sh", "-c", _TELLS.format(said)]]}
        site.change([site.write("one", f"new {again}\n".encode())], hooks=hooks)
        boot = clock.boot(Proc())
        started_s = clock.start_time(parse_stat(said.read_bytes()), boot.time_s)
        changed_s = (site.root / "one").stat().st_mtime
        assert order.later(changed_s, started_s, boot.within_s) is False, started_s - changed_s
        # So it is by the record, which tells where the time of a file does not: files are in place, then it starts.
        lines = map(json.loads, (site.states / "shop" / "log.jsonl").read_text().splitlines())
        (*_before, placed_s) = (line["at_s"] for line in lines if line["what"] == "is in place")
        assert order.later(placed_s, started_s, boot.within_s) is False, started_s - placed_s
