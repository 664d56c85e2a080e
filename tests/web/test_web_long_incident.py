"""An incident with ten thousand entries: every one is on its page, and no page is long."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from tests.conftest import ANA, at
from tests.web.conftest import Browser, who_is_it

from parapet import Parapet, Secrets
from parapet.core.types import IncidentId
from parapet.incidents.model import EntryKind, NewEntry
from parapet.testing import ManualClock, alert, alertmanager_payload
from parapet.web import workbench

if TYPE_CHECKING:
    from tests.web.conftest import Answer

SECRETS = Secrets(form_key="form-key-0123456789")
ENTRIES = 10_000
LONGEST_BYTES = 250_000


def anchors(answer: Answer) -> list[int]:
    """The entries that a page holds, in its order."""
    return [int(number) for number in re.findall(r'<li id="e(\d+)"', answer.text)]


def test_every_entry_of_a_long_incident_is_on_its_page(evidence_url: str) -> None:
    """The first page holds the beginning and the end and says what lies between; the others hold a hundred each."""
    began = at("02:13")
    clock = ManualClock(began)
    parapet = Parapet(
        service="shop", evidence=evidence_url, clock=clock, secrets=Secrets(form_key="form-key-0123456789")
    )
    host = Starlette()
    host.mount("/parapet", workbench(parapet, authenticate=who_is_it))
    labels = {"alertname": "Burn", "service": "shop", "slice": "checkout", "severity": "page"}
    receipt = parapet.inbox.receive(alertmanager_payload(alert(labels, starts_at=began)))
    number: IncidentId = receipt.incident_ids[0]
    notes = [
        NewEntry(
            kind=EntryKind.NOTED,
            occurred_at=began + timedelta(seconds=place),
            actor=ANA,
            payload={"text": f"Look {place}"},
        )
        for place in range(1, ENTRIES)
    ]
    clock.advance(ENTRIES)
    with parapet.store.begin() as tx:
        tx.entries.append(number, notes, recorded_at=clock.now())
    browser, page = Browser(host), f"/parapet/incidents/{number}?entries=all"
    first = browser.get(page)
    assert anchors(first) == [*range(1, 11), *range(ENTRIES - 89, ENTRIES + 1)]
    assert "9,900 more until" in first.text
    middle, last = browser.get(f"{page}&page=50"), browser.get(f"{page}&page=100")
    assert anchors(middle) == [*range(4_901, 5_001)]
    assert anchors(last) == [*range(9_901, 10_001)]
    assert "Page 50 of 100" in middle.text
    assert max(len(answer.body) for answer in (first, middle, last)) < LONGEST_BYTES
    with parapet.store.read() as tx:
        assert tx.verify_chains(number).broken is None
    parapet.store.close()
