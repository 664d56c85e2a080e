"""What docs/ingest.md shows is taken as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from parapet.incidents.sources import Source, read
from parapet.web.api.openapi import document

if TYPE_CHECKING:
    from tests.web.conftest import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "ingest.md").read_text()
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
