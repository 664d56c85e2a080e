"""The ledger in the API: as JSON page by page, as CSV, and what each capability did so far."""

from __future__ import annotations

from parapet.core.errors import UnknownName
from parapet.core.shapes import Field, Fields, Given, Words
from parapet.response.acted_document import line_object
from parapet.response.record import ledger_csv, record_object
from parapet.web.api.fields import LATER, LIMIT
from parapet.web.api.operation import Operation
from parapet.web.api.reading import MOST, SHOWN, listed, places
from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, answer, text

CAPABILITY = Field(shape=Words(most=64), says="Only lines about it.")
LEDGER = Fields(name="LedgerQuery", fields={**LATER, "capability": CAPABILITY, "limit": LIMIT})
CSV = {"content-type": "text/csv; charset=utf-8", "content-disposition": 'attachment; filename="ledger.csv"'}


def ledger(desk: Desk, visit: Visit, given: Given) -> Response:
    """A page of the ledger."""
    limit = given.get("limit", int) or SHOWN
    lines = desk.app.records.ledger(capability=given.get("capability", str), limit=limit, **places(given, int))
    return answer(listed("lines", lines.of(line_object)))


def as_csv(desk: Desk, visit: Visit, given: Given) -> Response:
    """The same for a spreadsheet."""
    limit = given.get("limit", int) or MOST
    lines = desk.app.records.ledger(capability=given.get("capability", str), limit=limit, **places(given, int))
    return text(ledger_csv(lines), headers=CSV)


def record(desk: Desk, visit: Visit, given: Given) -> Response:
    """What a capability did so far.

    Raises:
        UnknownName: there is none of that name.
    """
    name = visit.params["capability"]
    known = [one.name for one in desk.app.capabilities]
    if name not in known:
        raise UnknownName.of("capability", name, known)
    return answer(record_object(desk.app.records.record(name)))


LEDGERS = (
    Operation(
        name="ledger",
        method="GET",
        path="/api/ledger",
        says="Who did what, in the order in which it was written; each line has an id that never changes.",
        page=ledger,
        gives="Ledger",
        takes=LEDGER,
    ),
    Operation(
        name="ledger_csv",
        method="GET",
        path="/api/ledger.csv",
        says="The ledger as CSV.",
        page=as_csv,
        gives="LedgerCsv",
        media="text/csv",
        takes=LEDGER,
    ),
    Operation(
        name="record",
        method="GET",
        path="/api/capabilities/{capability}/record",
        says="How the runs of a capability ended, and whether they helped.",
        page=record,
        gives="Record",
    ),
)
