"""`parapet inbox serve`: a process of its own for alerts, as it is started beside a host."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

HOST = """
import os
from parapet import Parapet, Secrets
from parapet.core.settings import Wiring
tokens = {"webhook_tokens": ("hook-token-0123456789",), "metrics_tokens": ("metrics-token-0123456789",)}
secrets = Secrets(form_key="form-key-0123456789", **tokens)
wiring = Wiring(webhook_url="http://shop.test:9095/behind/parapet/hooks/alertmanager")
parapet = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"], secrets=secrets, wiring=wiring)
closed = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"], secrets=Secrets(form_key="form-key-0123456789"))
"""


@pytest.mark.parametrize("database", ["sqlite"])
def test_alerts_are_taken_by_a_process_of_their_own(tmp_path: Path, desk: Desk) -> None:
    """Below the path that Alertmanager is told, with the service's token, counted at /metrics; pages let nobody in."""
    (tmp_path / "reliability.py").write_text(HOST)
    served = _serve(tmp_path, desk, "reliability:parapet", "0")
    try:
        assert served.stderr is not None
        said = served.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)(/behind/parapet/hooks/alertmanager)\. Ctrl-C", said)
        assert found is not None, said + (served.stderr.read() if served.poll() is not None else "")
        port, path = int(found[1]), found[2]
        labels = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}
        body = alertmanager_payload(alert(labels, starts_at=desk.clock.now()))
        assert _ask(port, "POST", path, body, token="hook-token-0123456789")[0] == 200
        assert _ask(port, "POST", path, body, token="another-token-0123456789")[0] == 401
        assert _ask(port, "GET", "/behind/parapet/incidents")[0] == 401
        status, shown = _ask(port, "GET", "/metrics", token="metrics-token-0123456789")
        assert (status, 'parapet_ingest_bodies_total{source="alertmanager",outcome="done"} 1' in shown) == (200, True)
        assert [one.slice for one in desk.look.queue().incidents] == ["checkout"]
        taken = _serve(tmp_path, desk, "reliability:parapet", f"{port}")
        assert f"127.0.0.1:{port} cannot be listened on" in taken.communicate(timeout=60)[1]
        assert taken.returncode == 1
        served.send_signal(signal.SIGTERM)
        served.wait(timeout=30)
    finally:
        served.kill()
        served.communicate()


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_service_that_nobody_may_tell_anything_is_not_served(tmp_path: Path, desk: Desk) -> None:
    """Without a webhook token every alert would be turned away: that is said before anything listens."""
    (tmp_path / "reliability.py").write_text(HOST)
    refused = _serve(tmp_path, desk, "reliability:closed", "0")
    assert "no webhook_tokens" in refused.communicate(timeout=60)[1]
    assert refused.returncode == 1


def _serve(folder: Path, desk: Desk, app: str, port: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "parapet", "inbox", "serve", "--app", app, "--port", port]
    environment = {**os.environ, "HOST_EVIDENCE": desk.url}
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def _ask(port: int, method: str, path: str, body: bytes = b"", *, token: str = "") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
