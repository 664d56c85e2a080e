"""What docs/ingest.md shows is taken as it stands there."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from tests.artifacts.servers import LOOPBACK, free_port, running

from parapet import Parapet
from parapet.incidents.sources import Source, read
from parapet.testing import ManualClock, alert, alertmanager_payload
from parapet.web.api.openapi import document

if TYPE_CHECKING:
    from tests.web.conftest import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "ingest.md").read_text()
RELIABILITY = """
from parapet import Parapet, Secrets

secrets = Secrets(webhook_tokens=("a-token-of-the-test-0123",), form_key="a-form-key-of-the-test-0123")
parapet = Parapet(service="shop", evidence={evidence!r}, secrets=secrets)
parapet.journey("checkout", objective=0.999)
"""
EVENTS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_is_taken(shop: Shop) -> None:
    """As it is printed: it opens an incident of the promise it names."""
    (example,) = EVENTS
    assert read(Source.EVENTS, example.encode()).sender == "status-page"
    receipt = shop.parapet.inbox.receive(example.encode(), source=Source.EVENTS)
    (number,) = receipt.incident_ids
    assert shop.parapet.look.incident(number).incident.slice == "checkout"


def test_every_address_and_body_is_one_of_the_document() -> None:
    """The commands for the API ask for what is there, with fields that are known."""
    paths = document()["paths"]
    assert isinstance(paths, dict)
    known = [re.sub(r"{\w+}", "[^/]+", path) for path in paths]
    asked = re.findall(r"shop\.example/parapet(/[^\s?\"]+)", PAGE)
    assert len(asked) == 3
    for path in asked:
        assert any(re.fullmatch(one, path) for one in known), path
    (given,) = re.findall(r"--data '({.*?})'", PAGE)
    assert set(json.loads(given)) == {"version", "reason"}


def test_the_door_stands_by_itself(evidence_url: str, tmp_path: Path) -> None:
    """Served as the page says: it takes alerts, what it took is evidence, and nobody may sign in."""
    (door,) = re.findall(r"```python\n(from parapet.web import workbench.*?)```", PAGE, re.DOTALL)
    (tmp_path / "door.py").write_text(door)
    (tmp_path / "reliability.py").write_text(RELIABILITY.format(evidence=evidence_url))
    port = free_port()
    at = f"http://{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "uvicorn", "door:app", "--port", str(port), "--app-dir", str(tmp_path)]
    with running(command, f"{at}/static/workbench.css", tmp_path / "log"):
        token = {"Authorization": "Bearer a-token-of-the-test-0123", "Content-Type": "application/json"}
        labels = {"alertname": "Burn", "service": "shop", "slice": "checkout", "severity": "page"}
        body = alertmanager_payload(alert(labels, starts_at=ManualClock().now()))
        with urlopen(Request(f"{at}/hooks/alertmanager", data=body, headers=token), timeout=20) as answer:
            (number,) = json.load(answer)["incidents"]
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{at}/incidents/{number}", timeout=20)
        assert refused.value.code == 401
        refused.value.close()
    shop = Parapet(service="shop", evidence=evidence_url)
    assert shop.look.incident(number).incident.slice == "checkout"
    shop.store.close()
