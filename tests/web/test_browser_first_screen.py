"""The first screen of an incident answers five questions; values change and nothing moves; no page is heavy."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, expect
from tests.web.night import CI, Fare

from parapet.incidents.model import ChangeKind

if TYPE_CHECKING:
    from tests.web.conftest import ServedNight

pytestmark = pytest.mark.real
MOST_PAGE_BYTES = 60_000
MOST_SCRIPT_BYTES = 15_000
QUESTIONS = {
    "what is broken": ".strip h1",
    "how bad it is": ".strip-head .chip:nth-of-type(2)",
    "since when": "[data-live=lead]",
    "who has it": ".strip-meta li:nth-child(3)",
    "who is hurt": ".figures",
    "what changed": ".brief div:nth-child(1) dd",
    "what I may do": ".brief div:nth-child(2) dd",
}
SCREENS = ((1440, 900), (360, 800))
FIRST_ON_A_PHONE = 4
BOX = """selectors => Object.fromEntries(Object.entries(selectors).map(([name, selector]) => {
  const found = document.querySelector(selector), box = found?.getBoundingClientRect();
  return [name, box ? [box.top, box.bottom, found.innerText.trim()] : null];
}))"""
SHIFTS = """new PerformanceObserver(list => {
  window.shifts = window.shifts || [];
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(
    `${one.value} ${one.sources.map(source => source.node?.className || source.node?.nodeName).join(", ")}`);
}).observe({type: "layout-shift", buffered: true})"""
UNSEEN = 0.001
"""Of a score of which a tenth is called good: a chip whose word changes is some pixels wider."""


def test_five_questions_are_answered_before_anybody_scrolls(served_night: ServedNight, chromium: Browser) -> None:
    """At 1440 x 900, for every incident of the night: each answer is whole in the window, and says something.

    On a phone of 360 x 800 the first four are, and the other three follow within a second screen.
    """
    page = chromium.new_page()
    unseen: dict[str, object] = {}
    numbers = range(1, int(served_night.night.quiet) + 1)
    assert len(numbers) >= 10
    for number in numbers:
        page.goto(f"{served_night.address}incidents/{number}")
        for width, height in SCREENS:
            page.set_viewport_size({"width": width, "height": height})
            for place, (question, box) in enumerate(page.evaluate(BOX, QUESTIONS).items()):
                most = height if width > 400 or place < FIRST_ON_A_PHONE else 2 * height
                if box is None or box[0] < 0 or box[1] > most or not box[2]:
                    unseen[f"INC-{number}, {width}: {question}"] = box
    page.close()
    assert unseen == {}


def test_values_change_and_nothing_moves(served_night: ServedNight, chromium: Browser) -> None:
    """A journey that was calm burns like the others: the first page says so in place, and nothing on it shifts."""
    night = served_night.night
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(served_night.address)
    login = page.locator("[data-live=journey-Login]")
    expect(login).to_contain_text("99.93")
    expect(page.locator(".live b")).to_have_text("Live")
    served_night.fares["login"] = Fare(total=3_204, failed=3_199, burn=199.4, left=-12.5, firing="page")
    night.clock.advance(3)
    night.parapet.changes.mark(kind=ChangeKind.FLAG, title="login-v2 on", actor=CI)
    expect(login).to_contain_text("0.15", timeout=30_000)
    expect(login).to_contain_text("Burning, page")
    shifts: list[str] = page.evaluate("window.shifts || []")
    assert sum(float(one.split()[0]) for one in shifts) < UNSEEN, shifts
    context.close()


def test_no_page_is_heavy(served_night: ServedNight, chromium: Browser) -> None:
    """Under 60 KB compressed, the longest ones of the night too; own script under 15 KB."""
    page = chromium.new_page()
    heavy = {}
    for name, address in served_night.places.items():
        body = page.request.get(address).body()
        if len(gzip.compress(body)) >= MOST_PAGE_BYTES:
            heavy[name] = len(gzip.compress(body))
    page.goto(served_night.address)
    script = page.request.get(page.locator("script[src]").evaluate("one => one.src")).body()
    page.close()
    assert heavy == {}
    assert len(script) < MOST_SCRIPT_BYTES
