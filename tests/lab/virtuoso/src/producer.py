# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The producer: puts trade intents into a stream of Redis."""

from __future__ import annotations

import itertools
import time

from core.market import SYMBOLS, now, price, regime
from core.resp import Redis
from core.settings import logger, settings


def main() -> None:
    log = logger("producer")
    stream = settings()["stream"]
    redis = Redis(stream["host"], stream.getint("port"))
    for number, symbol in enumerate(itertools.cycle(SYMBOLS), start=1):
        intent = {
            "symbol": symbol,
            "side": ("BUY", "SELL")[number % 2],
            "price": price(symbol),
            "regime": regime(symbol),
            "timestamp": now(),
        }
        pairs = [word for pair in intent.items() for word in pair]
        redis.command("XADD", stream["name"], "MAXLEN", "~", stream["kept"], "*", *pairs)
        if number % 20 == 0:
            log.info("%d intents written to %s", number, stream["name"])
        time.sleep(stream.getfloat("interval_s"))


if __name__ == "__main__":
    main()
