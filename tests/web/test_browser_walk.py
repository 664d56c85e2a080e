"""A walk through a real browser: home, queue, incident, acknowledge, conflict; without script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from tests.web.test_web_items import sends_again

from parapet.core.types import IncidentId
from parapet.incidents.model import IncidentState

if TYPE_CHECKING:
    from tests.web.conftest import Shop

pytestmark = pytest.mark.real


def page_of(chromium: Browser, address: str, who: str = "Ana:responder") -> Page:
    """A page signed in as *who*, without script: nothing here needs any."""
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "who", "value": who, "url": address}])
    page = context.new_page()
    page.set_default_timeout(10_000)
    return page


def test_from_home_to_acknowledged_without_script(shop: Shop, chromium: Browser, address: str) -> None:
    """Home, queue, incident, one press; the page then says who has it, and nothing broke the policy."""
    page = page_of(chromium, address)
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("console", listen)
    page.goto(address)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Incidents").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 open incident, 1 without an owner")
    page.get_by_role("link", name="Checkout fails after payment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Checkout fails after payment")
    expect(page.get_by_text("Nobody has it", exact=True)).to_be_visible()
    expect(page.get_by_text("4 min before", exact=True)).to_be_visible()
    page.locator(".strip").get_by_role("link", name="Acknowledge…").click()
    why = page.get_by_label("Why, or what you will look at first")
    expect(why).to_be_focused()
    why.fill("Looking at the worker")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("status")).to_contain_text("You have it now")
    expect(page.locator(".strip")).to_contain_text("Ana has it, acknowledged 02:14 UTC")
    page.get_by_label("What you saw or did").fill("The provider is fine")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator(".chron")).to_contain_text("The provider is fine")
    assert shop.parapet.look.incident(IncidentId(1)).incident.state is IncidentState.INVESTIGATING
    assert complaints == []
    page.context.close()


def test_two_people_at_once_lose_nothing(chromium: Browser, address: str) -> None:
    """The slower one is shown what happened, keeps the words, and sends them again."""
    tom, ana = page_of(chromium, address, "Tom:responder"), page_of(chromium, address)
    tom.goto(f"{address}incidents/1")
    tom.get_by_label("Why it is over").fill("Rolled back by hand")
    ana.goto(f"{address}incidents/1")
    ana.get_by_label("Why, or what you will look at first").fill("Looking at the worker")
    ana.get_by_role("button", name="Acknowledge").click()
    tom.get_by_role("button", name="Resolve while firing").click()
    expect(tom.get_by_text("The incident moved while you were reading it")).to_be_visible()
    expect(tom.locator("li", has_text="Acknowledged.")).to_contain_text("Ana")
    expect(tom.get_by_label("Why it is over")).to_have_value("Rolled back by hand")
    tom.get_by_role("button", name="Resolve now").click()
    tom.get_by_role("link", name="Read the retrospective").click()
    expect(tom.get_by_text("Rolled back by hand").first).to_be_visible()
    for page in (tom, ana):
        page.context.close()


def test_the_keyboard_help_needs_no_script(chromium: Browser, address: str) -> None:
    """The help is a popover of the browser's own."""
    page = page_of(chromium, address)
    page.goto(address)
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    page.context.close()


def test_from_an_item_to_what_was_done_about_it(shop: Shop, chromium: Browser, address: str) -> None:
    """What somebody must look after, exactly what would be done, one press, and it is closed."""
    sent = sends_again(shop)
    shop.parapet.action_item("suppressed", "msg-1", title="A receipt did not leave", incident_id=IncidentId(1))
    page = page_of(chromium, address)
    page.goto(f"{address}action-items")
    page.get_by_role("link", name="A receipt did not leave").click()
    page.get_by_role("button", name="Preview: Send again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send again: 1 receipt")
    page.get_by_label("Reason").fill("The address is right now")
    page.locator("form[action$='/confirm'] button.btn-primary").click()
    expect(page.locator("main")).to_contain_text("1 of 1 is done")
    assert sent == ["msg-1"]
    page.goto(f"{address}action-items/1")
    expect(page.locator("main")).to_contain_text("Resolved by system:send-again")
    page.context.close()
