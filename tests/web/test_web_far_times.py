"""Times that are centuries away are refused wherever one is told, and one at the edge breaks no page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.web.conftest import API_TOKEN, WEBHOOK_TOKEN

if TYPE_CHECKING:
    from tests.web.conftest import Shop

TOO_FAR = (
    "0002-01-01T00:00:00Z",
    "0002-01-01T00:00:00+23:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:00",
)
AT_THE_EDGE = ("1970-01-01T00:00:00Z", "8999-12-31T23:59:59Z")
IN_ALERTS = (*AT_THE_EDGE, "0002-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
"""An alert is taken in whatever its clock says: somebody may be harmed."""


def _alert(name: str, started_at: str) -> dict[str, object]:
    alert = {
        "status": "firing",
        "labels": {"alertname": name, "severity": "page"},
        "annotations": {},
        "startsAt": started_at,
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": name,
    }
    return {"version": "4", "groupKey": name, "status": "firing", "receiver": "parapet", "alerts": [alert]}


@pytest.mark.parametrize("when", TOO_FAR)
def test_a_time_that_is_centuries_away_is_refused(shop: Shop, when: str) -> None:
    """By the API, the hooks, places in lists and forms: as a mistake of whoever sent it."""
    script, person = shop.browser(None), shop.browser()
    api = {"authorization": f"Bearer {API_TOKEN}", "content-type": "application/json"}
    hook = api | {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
    event = {"id": "x", "status": "firing", "title": "x", "started_at": when, "severity": "page"}
    for path, headers, body in (
        ("api/changes", api, {"kind": "deploy", "title": "x", "at": when}),
        ("hooks/events", hook, {"sender": "scripts", "events": [event]}),
    ):
        answer = script.send("POST", f"/parapet/{path}", headers=headers, body=json.dumps(body).encode())
        assert (path, answer.status) == (path, 422)
        assert "time" in answer.text
    written = when.replace("+", "%2B")
    assert person.get(f"/parapet/incidents?before=0_{written}_1").status == 422
    assert person.get(f"/parapet/incidents?scope=resolved&before={written}_1").status == 422
    assert person.get(f"/parapet/action-items?before={written}_1").status == 422
    rests = person.get("/parapet/maintenance").fields("/maintenance")
    asked = {**rests, "what": "checkout", "minutes": "99999", "start": when, "reason": "x"}
    assert person.post("/parapet/maintenance", asked).status == 422


def test_a_time_at_the_edge_breaks_no_page(shop: Shop) -> None:
    """There is room to reckon before and after it."""
    script, person = shop.browser(None), shop.browser()
    api = {"authorization": f"Bearer {API_TOKEN}", "content-type": "application/json"}
    hook = api | {"authorization": f"Bearer {WEBHOOK_TOKEN}"}
    for when in AT_THE_EDGE:
        change = json.dumps({"kind": "deploy", "title": "x", "at": when}).encode()
        assert script.send("POST", "/parapet/api/changes", headers=api, body=change).status == 201
    for number, when in enumerate(IN_ALERTS, start=1):
        told = json.dumps(_alert(f"Edge{number}", when)).encode()
        assert script.send("POST", "/parapet/hooks/alertmanager", headers=hook, body=told).json["incidents"] == [number]
        for path in (f"incidents/{number}", "incidents", "changes", "calls", ""):
            assert (path, person.get(f"/parapet/{path}").status) == (path, 200)
