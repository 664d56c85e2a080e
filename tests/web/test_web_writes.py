"""The forms of an incident: what is saved, what is refused, and that nothing runs twice or is lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parapet.core.types import PARAPET, IncidentId
from parapet.incidents.model import EntryKind, IncidentState, NewEntry, Resolution

if TYPE_CHECKING:
    from tests.web.conftest import Browser, Shop

INCIDENT = "/parapet/incidents/1"


def kinds(shop: Shop) -> list[EntryKind]:
    return [entry.kind for entry in shop.parapet.look.chronology(IncidentId(1))]


def fields(browser: Browser, verb: str) -> dict[str, str]:
    return browser.get(INCIDENT).fields(f"/{verb}")


def test_a_reason_takes_the_incident(shop: Shop) -> None:
    """Without one nothing changes; with one the page says who has it, and since when."""
    shop.fire()
    browser = shop.browser()
    assert "Nobody has it" in browser.get(INCIDENT).text
    shop.clock.advance(60)
    refused = browser.post(f"{INCIDENT}/acknowledge", fields(browser, "acknowledge"))
    assert refused.status == 422
    assert "Nothing changed" in refused.text
    taken = browser.post(f"{INCIDENT}/acknowledge", {**fields(browser, "acknowledge"), "reason": "mine"})
    page = browser.follow(taken)
    assert "You have it now" in page.text
    assert "Ana has it, acknowledged 02:14" in page.text
    assert shop.parapet.look.incident(IncidentId(1)).incident.owner == "Ana"


def test_the_reason_stands_in_the_chronology(shop: Shop) -> None:
    """Attributable, with its reason, in the person's own words."""
    shop.fire()
    browser = shop.browser()
    browser.post(f"{INCIDENT}/acknowledge", {**fields(browser, "acknowledge"), "reason": "the new <tax> code"})
    assert "the new &lt;tax&gt; code" in browser.get(f"{INCIDENT}?entries=people").text


def test_resolving_needs_a_reason_and_says_what_still_fires(shop: Shop) -> None:
    """Without a reason nothing changes; with one the kind of end is told as it was."""
    shop.fire()
    browser = shop.browser()
    assert "1 alert of it still fires" in browser.get(INCIDENT).text
    refused = browser.post(f"{INCIDENT}/resolve", {**fields(browser, "resolve"), "reason": "  "})
    assert refused.status == 422
    assert "Nothing changed" in refused.text
    done = browser.post(f"{INCIDENT}/resolve", {**fields(browser, "resolve"), "reason": "Known test"})
    assert "The retrospective is ready" in browser.follow(done).text
    incident = shop.parapet.look.incident(IncidentId(1)).incident
    assert (incident.state, incident.resolution) == (IncidentState.RESOLVED, Resolution.OPERATOR)
    retrospective = browser.get(f"{INCIDENT}/retrospective")
    assert retrospective.status == 200
    assert "Closed by hand" in retrospective.text
    assert "Known test" in retrospective.text
    markdown = browser.get(f"{INCIDENT}/retrospective.md")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "Known test" in markdown.text


def test_a_form_that_read_an_older_version_is_told_what_happened_since(shop: Shop) -> None:
    """409: who changed what, what was typed is kept, and it can be sent again with the version just read."""
    shop.fire()
    ana, tom = shop.browser("Ana:responder"), shop.browser("Tom:responder")
    old = fields(tom, "note")
    ana.post(f"{INCIDENT}/acknowledge", {**fields(ana, "acknowledge"), "reason": "mine"})
    stale = tom.post(f"{INCIDENT}/note", {**old, "text": "The <b>provider</b> is fine"})
    assert stale.status == 409
    assert "Nothing was saved. The incident moved while you were reading it." in stale.text
    assert "Acknowledged." in stale.text
    assert "The &lt;b&gt;provider&lt;/b&gt; is fine" in stale.text
    assert EntryKind.NOTED not in kinds(shop)
    again = tom.post(f"{INCIDENT}/note", {**stale.fields("/note"), "text": "The provider is fine"})
    assert again.status == 303
    assert kinds(shop)[-1] is EntryKind.NOTED


def test_a_form_sent_twice_is_saved_once(shop: Shop) -> None:
    """A double press is answered as done, and nothing runs twice; later, whatever happened since, as saved before."""
    shop.fire()
    browser = shop.browser()
    for verb, words, code in (
        ("note", {"text": "Looking\nat it"}, "noted"),
        ("acknowledge", {"reason": "mine"}, "acknowledged"),
    ):
        sent = {**fields(browser, verb), **words}
        for _ in range(2):
            answer = browser.post(f"{INCIDENT}/{verb}", sent)
            assert (answer.status, answer.headers["location"]) == (303, f"../1?done={code}")
    with shop.parapet.store.begin() as tx:
        news = NewEntry(kind=EntryKind.QUIET, occurred_at=shop.parapet.clock.now(), actor=PARAPET)
        tx.entries.append(IncidentId(1), [news] * 250, recorded_at=shop.parapet.clock.now())
    tom = shop.browser("Tom:responder")
    tom.post(f"{INCIDENT}/acknowledge", {**fields(tom, "acknowledge"), "reason": "my shift"})
    assert browser.post(f"{INCIDENT}/acknowledge", sent).headers["location"] == "../1?done=already"
    assert kinds(shop).count(EntryKind.NOTED) == 1
    assert kinds(shop).count(EntryKind.ACKNOWLEDGED) == 2


def test_somebody_else_may_take_it_over_and_it_says_so(shop: Shop) -> None:
    """Taking over is a form of its own, named as what it is."""
    shop.fire()
    ana, tom = shop.browser("Ana:responder"), shop.browser("Tom:responder")
    ana.post(f"{INCIDENT}/acknowledge", {**fields(ana, "acknowledge"), "reason": "mine"})
    assert "Take it over" not in ana.get(INCIDENT).text
    page = tom.get(INCIDENT)
    assert "Take it over from Ana" in page.text
    tom.post(f"{INCIDENT}/acknowledge", {**page.fields("/acknowledge"), "reason": "my shift"})
    assert "Took it over from Ana." in tom.get(INCIDENT).text


def test_a_resolved_incident_takes_notes_and_nothing_else(shop: Shop) -> None:
    """A late form on an incident that is over: refused, its words kept."""
    shop.fire()
    ana, tom = shop.browser("Ana:responder"), shop.browser("Tom:responder")
    late = fields(tom, "resolve")
    ana.post(f"{INCIDENT}/resolve", {**fields(ana, "resolve"), "reason": "over"})
    answer = tom.post(f"{INCIDENT}/resolve", {**late, "reason": "my reason"})
    assert answer.status == 409
    assert "nothing to resolve any more" in answer.text
    assert "my reason" in answer.text
    page = ana.get(INCIDENT)
    assert 'action="../incidents/1/note"' in page.text
    assert 'action="../incidents/1/resolve"' not in page.text


def test_a_form_for_an_incident_that_is_not_there_is_told_so(shop: Shop) -> None:
    """404 in words."""
    shop.fire()
    browser = shop.browser()
    answer = browser.post("/parapet/incidents/99/note", {**fields(browser, "note"), "text": "x"})
    assert answer.status == 404
    assert "There is no incident INC-99." in answer.text


def test_a_toast_says_only_what_we_wrote(shop: Shop) -> None:
    """The address carries a code, never words."""
    shop.fire()
    page = shop.browser().get(f"{INCIDENT}?done=You+won")
    assert "You won" not in page.text
    shown = [tag for tag in re.findall(r'<div class="toast"[^>]*>', page.text) if "hidden" not in tag]
    assert shown == []
