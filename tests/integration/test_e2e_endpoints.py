# Copyright: Contributors to the evenkeel.drift project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End to end: each fault of an endpoint is found with its cause, and one that answers as declared gives no finding."""

from __future__ import annotations

import datetime
import json
import socket
import threading
import typing as t
from pathlib import Path

from e2e_operator import Operator
from endpoint_server import Server, answer, path_of, serving
from own_port import own_port

Json = dict[str, t.Any]


def now(ago_s: float = 0) -> str:
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=ago_s)).isoformat()


class Application:
    """An application of several endpoints, some of which are ill."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __call__(self, connection: socket.socket, request: bytes) -> None:
        path = path_of(request)
        if path == "/forever":
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.ended.wait(0.05):
                connection.sendall(b"x" * 1000)
        elif path == "/silent":
            self.ended.wait()
        else:
            connection.sendall(self._answer(path, request))

    def _answer(self, path: str, request: bytes) -> bytes:
        if path == "/api/search" and request.startswith(b"POST "):
            return answer(b'{"total": 3}')
        answers: dict[str, t.Any] = {
            "/health": {"status": "healthy", "uptime": 12.5, "api_token": "tkn-4b1c9e7735aa42"},
            "/api/signals/top": {"signals": [{"symbol": "BTC", "timestamp": now(4)}]},
            "/api/stale": {"signals": [{"symbol": "BTC", "timestamp": now(900)}]},
            "/api/alerts/recent": {"alerts": []},
            "/api/stub": {"message": "Not implemented"},
        }
        if path in answers:
            return answer(json.dumps(answers[path]).encode("ascii"))
        if path == "/limited":
            return answer(b"", "429 Too Many Requests", Retry_After="30")
        if path == "/moved":
            return answer(b"", "302 Found", Location="/health")
        return answer(b'{"detail": "Not Found"}', "404 Not Found")


def healthy(server: Server) -> list[Json]:
    return [
        {
            "url": f"{server.url}/health",
            "under_ms": 60000,
            "json": {"status": "healthy", "uptime": {"min": 1, "type": "number"}, "api_token": "tkn-4b1c9e7735aa42"},
        },
        {
            "name": "signals",
            "url": f"{server.url}/api/signals/top",
            "fresh": {"path": "signals[0].timestamp", "within_s": 300},
            "min_items": {"signals": 1},
            "contains": "BTC",
            "samples": 3,
        },
        {"name": "alerts", "url": f"{server.url}/api/alerts/recent", "min_items": {"alerts": 0}, "from": "control"},
        {"name": "followed", "url": f"{server.url}/moved", "redirects": 1},
        {
            "name": "search",
            "url": f"{server.url}/api/search",
            "method": "POST",
            "body": {"query": "BTC"},
            "json": {"total": 3},
        },
        {"name": "optional", "url": f"{server.url}/api/monitoring/status", "required": False},
    ]


def test_each_fault_is_found_with_its_cause(operator: Operator, tmp_path: Path) -> None:
    application = Application()
    with own_port() as silent, serving(application) as server:
        entries = [
            *healthy(server),
            {"name": "refused", "url": f"http://127.0.0.1:{silent}/"},
            {"name": "nowhere", "url": "http://nowhere.invalid/"},
            {"name": "gone", "url": f"{server.url}/gone"},
            {"name": "limited", "url": f"{server.url}/limited"},
            {"name": "moved", "url": f"{server.url}/moved", "from": "control"},
            {"name": "quiet", "url": f"{server.url}/silent", "timeout_s": 1},
            # Long enough for its first line, however busy the machine is.
            {"name": "endless", "url": f"{server.url}/forever", "timeout_s": 4, "under_ms": 100},
            {
                "name": "stale",
                "url": f"{server.url}/api/stale",
                "fresh": {"path": "signals[0].timestamp", "within_s": 300},
                "min_items": {"signals": 2},
                "json": {"signals[0].symbol": "ETH"},
            },
            {"name": "empty", "url": f"{server.url}/api/alerts/recent", "json": {"alerts[0].id": {"exists": True}}},
            {"name": "stub", "url": f"{server.url}/api/stub", "not_contains": "Not implemented"},
        ]
        outcome = operator.audit_one(tmp_path, drift_contract={"endpoints": entries})
        application.ended.set()
    found = {one for one in outcome.brief("endpoints") if one[1] != "optional"}
    assert found == {
        ("answers", "refused", "not_answering"),
        ("answers", "nowhere", "not_answering"),
        ("answers", "quiet", "too_slow"),
        ("status", "gone", "wrong_status"),
        ("status", "limited", "wrong_status"),
        ("status", "moved", "wrong_status"),
        ("time", "endless", "too_slow"),
        ("fresh", "stale:signals[0].timestamp", "stale_data"),
        ("items", "stale:signals", "too_few_items"),
        ("json", "stale:signals[0].symbol", "wrong_content"),
        ("json", "empty:alerts[0].id", "wrong_content"),
        ("content", "stub:Not implemented", "wrong_content"),
    }, outcome.text
    assert outcome.findings["verdict"]["complete"] is True
    summaries = {one["subject"]: one["summary"] for one in outcome.findings["findings"]}
    assert "alerts is an empty list" in summaries["empty:alerts[0].id"]
    assert "Retry-After: 30" in summaries["limited"]
    assert "15 min old" in summaries["stale:signals[0].timestamp"]


def test_endpoints_that_answer_as_declared_are_in_sync(operator: Operator, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# secrets\nexport API_TOKEN='tkn-99b1c9e7735aa1'  # of the api\n")
    application = Application()
    with serving(application) as server:
        entries = healthy(server)
        entries[0]["headers"] = {
            "Authorization": {"file": ".env", "key": "API_TOKEN", "prefix": "Bearer "},
            "X-Api-Key": "literal-7735aa1b1c",
        }
        outcome = operator.audit_one(tmp_path, drift_contract={"endpoints": entries})
        sent = next(one for one in server.requests if one.startswith(b"GET /health"))
    assert outcome.state() == (0, "in_sync"), outcome.text
    assert outcome.brief("endpoints") == {("status", "optional", "wrong_status")}
    assert b"Authorization: Bearer tkn-99b1c9e7735aa1\r\n" in sent
    assert outcome.run is not None
    kept = "".join(path.read_text() for path in outcome.run.rglob("*") if path.is_file()) + outcome.text
    for secret in ("tkn-4b1c9e7735aa42", "tkn-99b1c9e7735aa1", "literal-7735aa1b1c"):
        assert secret not in kept
    for said in ("GET `/health`", "3 of 3 assertions hold", "live: ", "the control node", "(median of 3)"):
        assert said in outcome.report, said
    assert "Required endpoints that pass every check: 5 of 5." in outcome.report


def test_a_refused_connection_tells_where_the_service_listens(operator: Operator, tmp_path: Path) -> None:
    name = Path("/proc/self/comm").read_text().strip()
    with own_port() as wrong, socket.create_server(("127.0.0.1", 0)) as elsewhere:
        right = elsewhere.getsockname()[1]
        contract = {
            "ports": [{"port": wrong, "process": name}],
            "endpoints": [{"name": "api", "url": f"http://127.0.0.1:{wrong}/"}],
        }
        outcome = operator.audit_one(tmp_path, drift_contract=contract)
    (summary,) = (one["summary"] for one in outcome.findings["findings"] if one["section"] == "endpoints")
    assert f"nothing listens on port {wrong}; {name} listens on " in summary
    assert str(right) in summary.rpartition("listens on ")[2]


def test_what_cannot_be_asked_is_unknown(operator: Operator, tmp_path: Path) -> None:
    with serving(Application()) as server:
        entries = [
            {"name": "token", "url": f"{server.url}/health", "headers": {"X-Token": {"file": ".env", "key": "TOKEN"}}},
            {"name": "pattern", "url": f"{server.url}/health", "matches": "("},
        ]
        refused = operator.audit_one(tmp_path, drift_contract={"endpoints": entries})
        assert "drift_contract.endpoints[1].matches[0]: expected a regular expression" in refused.text
        outcome = operator.audit_one(tmp_path, drift_contract={"endpoints": entries[:1]})
        assert server.requests == []
    assert outcome.brief("endpoints") == {("answers", "token", "unseen")}
    assert outcome.findings["verdict"]["state"] == "unknown"
    (finding,) = outcome.findings["findings"]
    assert ".env cannot be read: no such file or directory" in finding["summary"]
