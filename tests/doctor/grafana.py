"""A server that answers as Grafana's API does, for what the doctor asks. Grafana itself is no package here."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.artifacts.servers import LOOPBACK, asked

TOKEN = "glsa_planted-4k2jq8ZtB7xLrPq2VnY"
PROXIED = "/api/datasources/proxy/uid/"


@dataclass
class Grafana:
    """*prometheus*: where its data source leads; *boards*: uid -> dashboard."""

    prometheus: str
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)
    kind: str = "prometheus"
    database: str = "ok"
    may_list: bool = True

    def __post_init__(self) -> None:
        grafana = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, document = grafana.answer(self.path, self.headers.get("Authorization", ""))
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def load(self, texts: dict[str, str]) -> None:
        """As provisioning does: each is numbered, and gets a version; later models have more words of their own."""
        for number, (name, text) in enumerate(sorted(texts.items())):
            if name.startswith("grafana/dashboards/"):
                board = json.loads(text)
                board |= {"id": number + 40, "version": 3, "schemaVersion": 99, "weekStart": ""}
                self.boards[board["uid"]] = board

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        """Status, and what is said."""
        if path == "/api/health":
            return (200 if self.database == "ok" else 503), {"database": self.database, "version": "10.4.1"}
        if authorization != f"Bearer {TOKEN}":
            return 401, {"message": "Unauthorized"}
        if path == "/api/datasources":
            if not self.may_list:
                return 403, {"message": "You'll need additional permissions: datasources:read"}
            return 200, [
                {"name": "Metrics", "uid": "u1", "type": self.kind},
                {"name": "Logs", "uid": "u2", "type": "loki"},
            ]
        if path == "/api/datasources/uid/u1/health":
            if asked(f"{self.prometheus}/-/ready") is None:
                return 400, {"status": "ERROR", "message": "dial tcp: connection refused"}
            return 200, {"status": "OK", "message": "Successfully queried the Prometheus API."}
        if path.startswith(PROXIED):
            said = asked(f"{self.prometheus}/{path.removeprefix(f'{PROXIED}u1/')}")
            return (200, json.loads(said)) if said else (502, {"message": "Bad Gateway"})
        board = self.boards.get(urlsplit(path).path.rpartition("/")[2])
        if board is None:
            return 404, {"message": "Dashboard not found"}
        return 200, {"meta": {"provisioned": True, "folderTitle": "Parapet"}, "dashboard": board}

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
