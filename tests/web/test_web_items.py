"""Action items in the workbench: an honest empty list, one item, and the two forms that close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parapet.core.types import IncidentId
from parapet.incidents.items import ItemState
from parapet.response.capability import Situation
from parapet.response.ready_items import act_on_items

if TYPE_CHECKING:
    from tests.web.conftest import Shop


def test_an_empty_list_says_how_items_come(shop: Shop) -> None:
    """Each state has words of its own."""
    browser = shop.browser()
    empty = browser.get("/parapet/action-items").text
    assert "No action item is open" in empty
    assert "parapet action open" in empty
    assert "Nothing was dismissed" in browser.get("/parapet/action-items?state=dismissed").text


def test_an_item_is_read_and_resolved_and_the_incident_shows_it(shop: Shop) -> None:
    """From the incident to the item and back; hostile words stay words."""
    number = shop.fire()
    shop.parapet.action_item(
        "dead_job",
        "<b>job-1</b>",
        title="<script>run</script>",
        incident_id=IncidentId(number),
        url="https://jobs.test/1",
    )
    browser = shop.browser()
    page = browser.get(f"/parapet/incidents/{number}").text
    assert "&lt;script&gt;run&lt;/script&gt;" in page
    assert 'href="../action-items/1"' in page
    item = browser.get("/parapet/action-items/1")
    assert "<script>" not in item.text
    assert 'href="https://jobs.test/1"' in item.text
    fields = item.fields("/resolve")
    done = browser.follow(browser.post("/parapet/action-items/1/resolve", {**fields, "reason": "ran it"}))
    assert "Resolved by Ana" in done.text
    assert "ran it" in browser.get(f"/parapet/incidents/{number}?entries=all").text
    again = browser.post("/parapet/action-items/1/dismiss", {**fields, "reason": "still typed"})
    assert again.status == 409
    assert "you read version 1" in again.text


def test_a_form_without_a_reason_keeps_what_was_typed_and_a_viewer_has_none(shop: Shop) -> None:
    """Refusals are words; a viewer reads why there is no form."""
    shop.parapet.action_item("dead_job", "job-1", title="Run it", slice_name="checkout")
    browser = shop.browser()
    fields = browser.get("/parapet/action-items/ACT-1").fields("/dismiss")
    refused = browser.post("/parapet/action-items/1/dismiss", {**fields, "reason": "  "})
    assert refused.status == 422
    assert "Say why" in refused.text
    assert browser.get("/parapet/action-items/7").status == 404
    assert browser.get("/parapet/action-items/x").status == 404
    viewer = shop.browser("Vic:viewer")
    assert "<form" not in viewer.get("/parapet/action-items/1").text
    assert viewer.post("/parapet/action-items/1/dismiss", {"reason": "x"}).status == 403


def sends_again(shop: Shop) -> list[str]:
    """The shop can send receipts again; what it sent."""
    sent: list[str] = []

    def send(situation: Situation, receipt: str) -> None:
        sent.append(receipt)

    items = shop.parapet.action_items
    shop.parapet.capability(
        act_on_items(items, "suppressed", send, name="send-again", will_do="send them again", noun="receipt")
    )
    return sent


def test_an_item_leads_to_what_can_be_done_about_it_and_is_closed_by_it(shop: Shop) -> None:
    """Item, preview of this one object, confirm, resolved; the others stay as they are."""
    number, sent = shop.fire(), sends_again(shop)
    for name in ("msg-1", "msg-2"):
        shop.parapet.action_item("suppressed", name, title="A receipt did not leave", incident_id=IncidentId(number))
    browser = shop.browser()
    item = browser.get("/parapet/action-items/1")
    assert "Will do: send them again, for this object alone." in item.text
    preview = browser.follow(browser.post(f"/parapet/incidents/{number}/preview", item.fields("/preview")))
    assert "msg-1" in preview.text
    assert "msg-2" not in preview.text
    fields = {**preview.fields("/confirm"), "reason": "the address is right now"}
    browser.follow(browser.post(f"{preview.url}/confirm", fields))
    assert sent == ["msg-1"]
    closed = browser.get("/parapet/action-items/1").text
    assert "Resolved by system:send-again" in closed
    assert "Preview: " not in closed
    assert shop.parapet.action_items.get(2).state is ItemState.OPEN


def test_an_item_says_why_nothing_can_be_done_about_it_here(shop: Shop) -> None:
    """No incident of its slice is open; it is of another kind; the reader may not."""
    sends_again(shop)
    shop.parapet.action_item("suppressed", "msg-1", title="A receipt did not leave", slice_name="checkout")
    shop.parapet.action_item("dead_job", "job-1", title="Run it", slice_name="checkout")
    browser = shop.browser()
    assert "No incident of checkout is open." in browser.get("/parapet/action-items/1").text
    assert "Send again" not in browser.get("/parapet/action-items/2").text
    number = shop.fire()
    assert f'action="../incidents/{number}/preview"' in browser.get("/parapet/action-items/1").text
    refused = shop.browser("Vic:viewer").get("/parapet/action-items/1").text
    assert "Send again" in refused
    assert "Preview: " not in refused
