# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The consumer: takes trade intents out of the stream. It stalls while the file in VIRTUOSO_STALL exists."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

from core.resp import Redis, RedisError
from core.settings import logger, settings


def take(redis: Redis, stream: str, group: str, name: str) -> list[t.Any]:
    answer = redis.command("XREADGROUP", "GROUP", group, name, "COUNT", "50", "BLOCK", "1000", "STREAMS", stream, ">")
    return answer[0][1] if answer else []


def main() -> None:
    log = logger("consumer")
    stream = settings()["stream"]
    stall = os.environ.get("VIRTUOSO_STALL", "")
    redis = Redis(stream["host"], stream.getint("port"))
    with contextlib.suppress(RedisError):  # it exists
        redis.command("XGROUP", "CREATE", stream["name"], stream["group"], "0", "MKSTREAM")
    done = 0
    while True:
        if stall and os.path.exists(stall):
            time.sleep(0.2)
            continue
        entries = take(redis, stream["name"], stream["group"], "executor-1")
        for identifier, _fields in entries:
            redis.command("XACK", stream["name"], stream["group"], identifier)
        done += len(entries)
        log.info("%d intents executed", done)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
