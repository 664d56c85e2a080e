"""Action items in the workbench: an honest empty list, one item, and the two forms that close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parapet.core.types import IncidentId

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
