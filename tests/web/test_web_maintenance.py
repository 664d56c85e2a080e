"""Maintenance in the workbench, by API and in the terminal: one verb each, the same words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.web.conftest import API_TOKEN, HOST

if TYPE_CHECKING:
    from tests.web.conftest import Shop

PLACE = "/parapet/maintenance"


def test_a_person_lets_a_journey_rest_and_ends_it(shop: Shop) -> None:
    """By forms; the first page says so, the changes keep it; sent twice it is one."""
    browser = shop.browser()
    assert '<option value="checkout" selected' in browser.get(f"{PLACE}?what=checkout").text
    fields = browser.get(PLACE).fields("/maintenance")
    given = {**fields, "what": "checkout", "minutes": "30", "reason": "database <b>upgrade</b>"}
    done = browser.follow(browser.post(PLACE, given))
    assert "Nothing of it counts" in done.text
    assert "02:13 to 02:43 UTC" in done.text
    assert "Database &lt;b&gt;upgrade" in done.text
    again = browser.post(PLACE, given)
    assert "Nothing ran twice" in browser.follow(again).text
    other = browser.post(PLACE, {**given, "reason": "more of it"})
    assert other.status == 422
    assert "already (M-1, by Ana)" in other.text
    home = browser.get("/parapet/").text
    assert "Checkout is in maintenance until 02:43 UTC, by Ana: Database &lt;b&gt;upgrade" in home
    assert "checkout rests until" in browser.get("/parapet/changes").text
    end = f"{PLACE}/1/end"
    assert browser.post(end, {**fields, "reason": " "}).status >= 400
    over = browser.follow(browser.post(end, {**fields, "reason": "done early"}))
    assert "Ended by Ana: Done early." in over.text
    assert "in maintenance until" not in browser.get("/parapet/").text
    assert browser.post(end, {**fields, "reason": "again"}).status == 409


def test_one_is_planned_and_mistakes_are_sentences(shop: Shop) -> None:
    """What was typed is kept; what was called off rests nothing; a viewer only reads."""
    browser = shop.browser()
    fields = browser.get(PLACE).fields("/maintenance")
    planned = {**fields, "what": "everything", "minutes": "120", "start": "2026-11-12T21:00", "reason": "new rack"}
    page = browser.follow(browser.post(PLACE, planned)).text
    assert "Planned" in page
    assert "21:00 to 23:00 UTC" in page
    assert "Everything will be in maintenance from 21:00 UTC" in browser.get("/parapet/").text
    over = browser.follow(browser.post(f"{PLACE}/1/end", {**fields, "reason": "the rack came late"})).text
    assert "Cancelled" in over
    assert "from 21:00 UTC" in over
    assert "Nothing rests by hand, and nothing is planned." in over
    home = browser.get("/parapet/")
    assert home.status == 200
    assert "in maintenance" not in home.text
    for wrong, said in (
        ({"start": "tomorrow"}, "The start is no time"),
        ({"start": "9999-12-31T23:59"}, "The start is no time"),
        ({"minutes": "x"}, "ends after it starts"),
        ({"what": "chekout"}, "did you mean"),
    ):
        answer = browser.post(PLACE, {**planned, **wrong, "reason": "kept words"})
        assert answer.status == 422
        assert said in answer.text.replace("Did", "did")
        assert "kept words" in answer.text
    viewer = shop.browser("Vic:viewer").get(PLACE).text
    assert "Let it rest" not in viewer
    assert "you may read" in viewer


def test_a_script_does_the_same(shop: Shop) -> None:
    """Plans, ends and reads, as every write of the API."""
    bearer = {"authorization": f"Bearer {API_TOKEN}", "content-type": "application/json"}
    script = shop.browser(None)
    path = "/parapet/api/maintenances"
    assert script.get(path, headers=bearer).json == {"maintenances": [], "next": None, "previous": None}
    wanted = {"what": "checkout", "end_at": "2026-11-12T03:13:16Z", "reason": "upgrade"}
    ana = shop.browser()
    token = str(ana.get("/parapet/api/session").json["token"])
    ours = {"content-type": "application/json", "parapet-token": token, "origin": f"http://{HOST}"}
    made = ana.send("POST", path, headers=ours, body=json.dumps(wanted).encode())
    assert made.status == 201, made.text
    assert (made.json["state"], made.json["by"]) == ("running", "Ana")
    ended = ana.send("POST", f"{path}/1/end", headers=ours, body=b'{"reason": "done"}')
    assert (ended.json["state"], ended.json["ended_by"]) == ("over", "Ana")
    assert ana.send("POST", f"{path}/1/end", headers=ours, body=b'{"reason": "done"}').status == 409
    assert ana.send("POST", f"{path}/x/end", headers=ours, body=b'{"reason": "done"}').status == 404
    rows = script.get(path, headers=bearer).json["maintenances"]
    assert isinstance(rows, list)
    assert len(rows) == 1
