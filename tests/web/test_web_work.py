"""The less frequent verbs in the workbench, and the inbox: what is saved, what is refused, and that no word is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from parapet.core.types import IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Incident, IncidentState

if TYPE_CHECKING:
    from tests.web.conftest import Answer, Browser, Shop

WORK = "/parapet/incidents/1/work"
OTHER = {"alertname": "Other", "service": "shop", "slice": "login", "severity": "ticket"}


def work(browser: Browser, verb: str, number: int = 1, **given: str) -> Answer:
    """Fill the form *verb* in and send it."""
    page = browser.get(f"/parapet/incidents/{number}/work")
    return browser.post(f"/parapet/incidents/{number}/{verb}", {**page.fields(f"/{verb}"), **given})


def now(shop: Shop, number: int = 1) -> Incident:
    return shop.parapet.look.incident(IncidentId(number)).incident


def test_an_incident_is_judged_handed_over_and_given_up(shop: Shop) -> None:
    """Each says what is true now; without a reason nothing changes."""
    shop.fire()
    ana = shop.browser()
    refused = work(ana, "severity")
    assert (refused.status, "Nothing changed" in refused.text) == (422, True)
    assert "it holds until" in ana.follow(work(ana, "severity", reason="it can wait")).text
    assert now(shop).severity is Severity.TICKET
    assert "Make it a page" in ana.get(WORK).text
    assert work(ana, "severity", severity="loud", reason="x").status == 422
    assert "Nobody is called for an incident like this" in ana.get(WORK).text
    assert "still to take it" in ana.follow(work(ana, "hand-over", to="Ben", reason="end of shift")).text
    assert "Waits for Ben" in ana.get("/parapet/incidents/1").text
    assert "Acknowledge" in shop.browser("Ben:responder").get("/parapet/incidents/1").text
    assert "Nobody has it now" in ana.follow(work(ana, "release", reason="Ben sleeps")).text
    assert now(shop).owner is None
    assert 'action="../../incidents/1/release"' not in ana.get(WORK).text


def test_one_becomes_part_of_another_and_leaves_it_again(shop: Shop) -> None:
    """Merged by choosing from the open ones; split by ticking alerts; each leads to the incident worked on next."""
    shop.fire()
    shop.fire(labels=OTHER)
    ana = shop.browser()
    assert '<option value="2">INC-2' in ana.get(WORK).text
    merged = work(ana, "merge", into="2", reason="the same database")
    assert merged.headers["location"] == "../2?done=merged"
    assert now(shop).merged_into_id == 2
    assert "It is part of" in ana.get(WORK).text
    page = ana.get("/parapet/incidents/2/work")
    assert page.text.count('type="checkbox" name="alert') == 2
    leaving = next(each.fingerprint for each in shop.parapet.look.episodes(IncidentId(2)))
    assert work(ana, "split", 2, title="Checkout again", reason="no").status == 422, "nothing was ticked"
    parted = work(ana, "split", 2, alert0=leaving, title="Checkout again", reason="another bank")
    assert parted.headers["location"] == "../3?done=split"
    assert now(shop, 3).title == "Checkout again"
    assert "It has a single alert" in ana.get("/parapet/incidents/2/work").text


def test_what_is_over_can_be_reopened_and_nothing_else(shop: Shop) -> None:
    """The page offers nothing but that; a late form of another verb keeps its words."""
    shop.fire()
    ana = shop.browser()
    late = ana.get(WORK).fields("/hand-over")
    page = ana.get("/parapet/incidents/1")
    ana.post("/parapet/incidents/1/resolve", {**page.fields("/resolve"), "reason": "rolled back"})
    assert ana.get(WORK).text.count('method="post"') == 1
    answer = ana.post("/parapet/incidents/1/hand-over", {**late, "to": "Ben", "reason": "my words"})
    assert (answer.status, "nothing to hand over any more" in answer.text) == (409, True)
    assert "my words" in answer.text
    assert "It is open again" in ana.follow(work(ana, "reopen", reason="it is back")).text
    assert now(shop).state is not IncidentState.RESOLVED


def test_a_form_that_read_an_older_version_keeps_every_field(shop: Shop) -> None:
    """409 with what happened; sent again from there, it is done with all that was said."""
    shop.fire()
    ana, tom = shop.browser(), shop.browser("Tom:responder")
    early = ana.get(WORK).fields("/hand-over")
    assert work(tom, "severity", reason="calm").status == 303
    conflict = ana.post("/parapet/incidents/1/hand-over", {**early, "to": "Ben", "reason": "end of shift"})
    assert conflict.status == 409
    assert "Tom" in conflict.text
    kept = conflict.fields("/hand-over")
    assert kept["to"] == "Ben"
    assert ana.post("/parapet/incidents/1/hand-over", {**kept, "reason": "end of shift"}).status == 303
    assert now(shop).owner == "Ben"


def test_an_incident_is_opened_by_hand(shop: Shop) -> None:
    """With its promise, so that alerts join it; what is missing is said, and what was typed is kept."""
    ana = shop.browser()
    fields = ana.get("/parapet/declare").fields("declare")
    given = {**fields, "title": "Nobody can pay", "severity": "page", "slice": "checkout", "reason": "three calls"}
    for missing in ("severity", "title", "reason"):
        refused = ana.post("/parapet/declare", given | {missing: ""})
        assert refused.status == 422
        assert 'role="alert"' in refused.text
        assert "Nobody can pay" in refused.text or missing == "title"
    assert "checkou" in ana.post("/parapet/declare", given | {"slice": "checkou"}).text
    opened = ana.post("/parapet/declare", given)
    assert opened.headers["location"] == "incidents/1?done=declared"
    assert "you opened it" in ana.follow(opened).text
    assert shop.fire() == 1
    assert ana.post("/parapet/declare", given).headers["location"] == "incidents/1?done=declared", "sent twice"
    again = ana.post("/parapet/declare", given | {"reason": "a fourth call"})
    assert (again.status, "INC-1 is open for checkout" in again.text) == (422, True)


def test_bodies_are_seen_and_worked_on(shop: Shop) -> None:
    """What is no alert is first; it is shown as text, tried again, and given up with a reason."""
    inbox = shop.parapet.inbox
    inbox.take_in(inbox.store([("events", json.dumps({"sender": "<b>"}).encode()), ("grafana", b"\x00[")]))
    ana = shop.browser()
    assert ana.get("/parapet/").text.count("inbox") >= 1
    page = ana.get("/parapet/inbox")
    assert "Body 1" in page.text
    assert "expected a name such as status-page" in page.text
    body = ana.get("/parapet/inbox/1")
    assert "&lt;b&gt;" in body.text
    again = ana.follow(ana.post("/parapet/inbox/1/replay", body.fields("/replay")))
    assert "still no alert" in again.text
    assert "only admins may" in body.text
    assert ana.post("/parapet/inbox/1/drop", {**body.fields("/replay"), "reason": "a test"}).status == 403
    ana = shop.browser("Ada:admin")
    body = ana.get("/parapet/inbox/1")
    wordless = ana.post("/parapet/inbox/1/drop", body.fields("/drop") | {"reason": " "})
    assert (wordless.status, "Say why nobody needs it" in wordless.text) == (422, True)
    dropped = ana.follow(ana.post("/parapet/inbox/1/drop", {**body.fields("/drop"), "reason": "a test"}))
    assert "Given up" in dropped.text
    assert 'method="post"' not in dropped.text
    assert "Body 1" in ana.get("/parapet/inbox?shelf=dropped").text
    assert ana.get("/parapet/inbox/99").status == ana.get("/parapet/inbox/zz").status == 404
