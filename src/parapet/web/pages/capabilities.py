"""What may be run here, what it did so far, and what was run last."""

from __future__ import annotations

from dataclasses import replace

from parapet.web.desk import Desk, Visit, show, since
from parapet.web.response import Response
from parapet.web.views.capabilities import capabilities_view

RUNS = 50


def page(desk: Desk, visit: Visit) -> Response:
    """Every capability with its record, every runbook, and the latest runs."""
    with desk.app.look.together():
        records = [desk.app.records.record(one.name) for one in desk.app.capabilities]
        runs = desk.app.records.runs(limit=RUNS)
        waiting = len(desk.app.approvals.page("waiting"))
    view = capabilities_view(desk.app.capabilities, records, desk.app.runbooks, runs, waiting=waiting, now=visit.now)
    if not view.runs:
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "capabilities.html", view, title="Actions", place="actions")
