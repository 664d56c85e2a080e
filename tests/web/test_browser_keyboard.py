"""Everything a person does here, with nothing but a keyboard, with script and without: focus is seen, and in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.web.conftest import EVERY
from tests.web.night import TOM

from parapet.core.types import IncidentId

if TYPE_CHECKING:
    from tests.web.conftest import ServedNight

pytestmark = pytest.mark.real
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const x = box.left + Math.min(box.width / 2, 40), y = box.top + Math.min(box.height / 2, 12);
  const over = document.elementFromPoint(x, y);
  const said = at.labels?.[0]?.innerText || at.getAttribute("aria-label") || at.innerText || "";
  return {said: said.replace(/\\s+/g, " ").trim(),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    inside: box.top >= 0 && box.bottom <= innerHeight + 1,
    covered: Boolean(over) && !at.contains(over) && !over.contains(at)};
}"""
LISTED = re.compile(r"<kbd[^>]*>([^<]+)</kbd>")
LEADS = re.compile(r'data-key="([^"]+)"')
ACCESS = re.compile(r'accesskey="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Hands:
    """A person at a keyboard who looks at where the focus is."""

    page: Page
    night: ServedNight
    script: bool

    def at(self, path: str) -> None:
        """Open an address of the workbench."""
        self.page.goto(self.night.address + path)

    def tab_to(self, words: str, most: int = 140) -> None:
        """Press Tab until the focus is on what says *words*; wherever it is on the way, it is seen."""
        seen: list[str] = []
        for _ in range(most):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(FOCUSED)
            if focus is None:
                continue
            assert focus["ringed"], focus
            assert not focus["covered"], focus
            seen.append(focus["said"][:40])
            if focus["said"].startswith(words):
                assert focus["inside"], focus
                return
        raise AssertionError(f"Tab never came to {words!r}: {seen}")

    def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def enter(self) -> None:
        """Enter, which leads somewhere."""
        with self.page.expect_navigation():
            self.press("Enter")

    def fill(self, label: str, words: str) -> None:
        """Go to a field, write, and send its form with Enter."""
        self.tab_to(label)
        self.page.keyboard.type(words)
        self.enter()

    def told(self, words: str) -> None:
        """The page says that it was done."""
        expect(self.page.locator(".toast[role=status]").first).to_contain_text(words)


@pytest.fixture
def hands(request: pytest.FixtureRequest, served_night: ServedNight, chromium: Browser) -> Iterator[Hands]:
    """Ana, who may do all of it."""
    context = chromium.new_context(java_script_enabled=request.param, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    yield Hands(page=context.new_page(), night=served_night, script=request.param)
    context.close()


def with_script(short: bool) -> pytest.MarkDecorator:
    """In both ways, or in one of them, each test in another."""
    names = {False: "without script", True: "with script"}
    return pytest.mark.parametrize("hands", names if EVERY else [short], ids=names.get, indirect=True)


@with_script(False)
def test_an_incident_from_found_to_over(hands: Hands) -> None:
    """Find, open, call, suppress, acknowledge, note, preview, confirm, undo, severity, merge, resolve."""
    night, page = hands.night.night, hands.page
    name = f"Walk{int(hands.script)}"
    night.clock.advance(3_600)
    first, other = (
        night.fire("", f"{word} {name}", "2:44", alertname=f"{word}{name}") for word in ("Printers jam", "Trays jam")
    )
    hands.at("incidents")
    if hands.script:
        hands.press("/")
        page.keyboard.type(f"Printers {name}")
        hands.enter()
    else:
        hands.press("Tab")
        assert page.evaluate(FOCUSED)["said"] == "Skip to content"
        hands.fill("Search titles", f"Printers {name}")
    hands.tab_to(f"Printers jam {name}")
    hands.enter()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Printers jam {name}")
    hands.fill("What you need from them", "two more hands")
    hands.told("They are called")
    hands.fill("Why nobody is needed", "it is only paper")
    hands.told("Nobody is called until then")
    if hands.script:
        hands.press("a")
    else:
        hands.tab_to("Acknowledge…")
        hands.enter()
    expect(page.get_by_label("Why, or what you will look at first")).to_be_focused()
    page.keyboard.type("opening the lid")
    hands.enter()
    hands.told("You have it now")
    if hands.script:
        hands.press("n")
    else:
        hands.tab_to("What you saw or did")
    page.keyboard.type("a paper clip")
    hands.press("Tab")
    hands.enter()
    hands.told("Note saved")
    hands.tab_to("Preview: Retry dead jobs")
    hands.enter()
    expect(page.get_by_role("link", name="Cancel, run nothing").first).to_be_focused()
    hands.tab_to("Reason")
    page.keyboard.type("the lid is shut")
    hands.tab_to("Run it on 3 jobs")
    hands.enter()
    expect(page.get_by_text("2 of 3 are done; 1 is not.")).to_be_visible()
    hands.fill("Why it is taken back", "the lid is open")
    expect(page.locator("main")).to_contain_text("Taken back")
    hands.at(f"incidents/{first}#actions")
    hands.tab_to("Change its severity")
    hands.enter()
    hands.fill("Why it is less bad", "nobody prints at night")
    hands.told("The severity is changed")
    hands.at(f"incidents/{other}/work")
    hands.tab_to("The one that takes it over")
    page.keyboard.type(f"INC-{first}")
    hands.fill("Why they are one trouble", "one printer")
    hands.told("Merged")
    assert page.url.partition("?")[0].endswith(f"incidents/{first}")
    hands.at(f"incidents/{first}#actions")
    expect(page.get_by_text("Resolving does not stop that")).to_be_visible()
    hands.fill("Why it is over", "the clip is out")
    hands.told("Resolved")
    assert night.parapet.look.incident(IncidentId(int(first))).incident.resolved_at is not None


@with_script(True)
def test_what_else_a_person_does(hands: Hands) -> None:
    """Open an incident by hand, look after an item, be the second person, let something rest, choose a time zone."""
    night, page = hands.night.night, hands.page
    hands.at("declare")
    hands.tab_to("What happens, and to whom")
    page.keyboard.type(f"The lift stands still {hands.script}")
    hands.tab_to("Page")
    hands.press("Space")
    hands.tab_to("How you know")
    page.keyboard.type("I am in it")
    hands.tab_to("Open the incident")
    hands.enter()
    hands.told("It is open")
    title = f"Lift {hands.script} needs somebody"
    night.parapet.action_items.open("lift", f"lift-{hands.script}", title=title, slice_name="search", by=TOM)
    hands.at("action-items")
    hands.tab_to(title)
    hands.enter()
    hands.fill("Why", "it was only the light")
    hands.told("The action item is closed")
    wide = night.parapet.actions.preview("retry-jobs", night.search, actor=TOM, inputs={"limit": "25"})
    night.parapet.approvals.ask(wide.id, actor=TOM, reason="all of them")
    hands.at("approvals")
    hands.tab_to("Retry dead jobs")
    hands.enter()
    hands.tab_to("Why")
    page.keyboard.type("I looked at each")
    hands.tab_to("Approve 25 jobs")
    hands.enter()
    hands.told("The decision is in the chronology")
    hands.at("maintenance")
    hands.tab_to("What rests")
    page.keyboard.type("Journey refunds")
    hands.tab_to("What is done meanwhile")
    page.keyboard.type("the bank is called")
    hands.tab_to("Let it rest")
    hands.enter()
    hands.told("Nothing of it counts")
    hands.tab_to(f"End M-{max(one.number for one in night.parapet.maintenances.live())} now")
    hands.press("Space")
    hands.fill("Why", "they answered")
    hands.told("It counts again")
    hands.at("zone")
    hands.tab_to("Show times to me in")
    page.keyboard.type("Berlin")
    hands.tab_to("Show times so")
    hands.enter()
    expect(page.get_by_role("heading", level=1)).to_have_text("Times are shown in Europe/Berlin")


def test_every_key_is_listed(served_night: ServedNight, chromium: Browser) -> None:
    """Whatever key a page answers to stands in the help, with script and without."""
    page = chromium.new_page()
    for name, address in served_night.places.items():
        whole = page.request.get(address).text()
        scripted, _, plain = whole.partition("<dialog")[2].partition('class="unscripted"')
        assert set(LEADS.findall(whole)) <= set(LISTED.findall(scripted)), name
        assert set(ACCESS.findall(whole)) <= set(LISTED.findall(plain)), name
    page.close()
