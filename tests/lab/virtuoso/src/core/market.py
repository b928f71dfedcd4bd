# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices: a market of the lab's own, where every symbol follows a wave."""

from __future__ import annotations

import datetime
import math
import time
import typing as t

_COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOT", "AVL", "REX", "LTC", "BNB", "TRX", "UNI", "ATOM", "NEAR", "LINK")
SYMBOLS = [f"{coin}USDT" for coin in _COINS]


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def price(symbol: str) -> float:
    return round(1000 * (1 + SYMBOLS.index(symbol)) * (1 + 0.01 * math.sin(time.time() / 60)), 2)


def regime(symbol: str) -> str:
    """Say which way a market goes."""
    return ("NEUTRAL", "TRENDING", "VOLATILE")[int(time.time() + SYMBOLS.index(symbol)) % 3]


def signal(symbol: str) -> dict[str, t.Any]:
    return {
        "symbol": symbol,
        "signal": "HOLD",
        "confidence": 0.6,
        "price": price(symbol),
        "timestamp": now(),
        "data_quality": "live",
    }
