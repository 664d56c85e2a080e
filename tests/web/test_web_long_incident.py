"""An incident with ten thousand entries: every one is on its page, and no page is long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from sqlalchemy import Connection, event
from starlette.applications import Starlette
from tests.conftest import ANA, at
from tests.web.conftest import Browser, who_is_it

from parapet import Parapet, Secrets
from parapet.core.types import PARAPET, IncidentId
from parapet.incidents.model import EntryKind, NewEntry
from parapet.store.store import Store
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


def link(answer: Answer, words: str) -> str:
    """Where a link of the chronology leads."""
    found = re.search(rf'<a href="([^"]+)#chronology"[^>]*>{words}</a>', answer.text)
    assert found is not None, words
    return urljoin(answer.url, unescape(found[1]))


@contextmanager
def unbounded(store: Store) -> Iterator[list[str]]:
    """The statements that ask for entries and name neither how many nor which few."""
    heard: list[str] = []

    def hear(
        connection: Connection, cursor: object, statement: str, parameters: object, context: object, many: bool
    ) -> None:
        if "parapet_entries.payload" in statement and not re.search(r"LIMIT|LIKE", statement):
            heard.append(statement)

    event.listen(store.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(store.engine, "before_cursor_execute", hear)


def test_every_entry_of_a_long_incident_is_on_its_page(evidence_url: str) -> None:
    """The first page holds the beginning and the end and says what lies between; the others hold a hundred each.

    No page reads more than it shows; what is known late stands where it happened, and everybody else's rows do not.
    """
    began = at("02:13")
    clock = ManualClock(began)
    parapet = Parapet(service="shop", evidence=evidence_url, clock=clock, secrets=SECRETS)
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
    for place in (400, 5_000):
        notes[place] = replace(notes[place], kind=EntryKind.NOTIFIED, actor=PARAPET, payload={"channel": "chat"})
    late = replace(notes[0], occurred_at=began + timedelta(seconds=2.5))
    clock.advance(ENTRIES)
    with parapet.store.begin() as tx:
        tx.entries.append(number, [*notes, late], recorded_at=clock.now())
    browser, page = Browser(host), f"/parapet/incidents/{number}?entries=all"
    with unbounded(parapet.store) as heard:
        first = browser.get(page)
        after = browser.get(link(first, "Read them"))
        middle, last = browser.get(f"{page}&from=4902"), browser.get(f"{page}&from=9902")
        told = browser.get(f"/parapet/incidents/{number}?entries=told")
        people = browser.get(f"/parapet/incidents/{number}?entries=people")
    assert heard == []
    assert anchors(first) == [1, 2, 3, ENTRIES + 1, *range(4, 10), *range(ENTRIES - 89, ENTRIES + 1)]
    assert "9,901 more until" in first.text
    assert anchors(after) == [*range(10, 110)]
    assert "11 to 110 of 10,001" in after.text
    assert anchors(middle) == [*range(4_902, 5_002)]
    assert "4,903 to 5,002 of 10,001" in middle.text
    assert (link(middle, "Earlier"), link(middle, "Later")) == (f"{page}&from=4802", f"{page}&from=5002")
    assert anchors(last) == [*range(9_902, 10_001)]
    assert anchors(told) == [402, 5_002]
    assert 'Told <span class="count">2</span>' in first.text
    assert "9,898 more until" in people.text
    assert max(len(answer.body) for answer in (first, after, middle, last)) < LONGEST_BYTES
    with parapet.store.read() as tx:
        assert tx.verify_chains(number).broken is None
    parapet.store.close()
