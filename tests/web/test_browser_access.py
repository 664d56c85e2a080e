"""Every page of a rich night, and of a first day, under axe, the accessibility checker; and none scrolls sideways."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser

if TYPE_CHECKING:
    from tests.web.conftest import ServedNight

pytestmark = pytest.mark.real
PACKAGE = find_spec("axe_playwright_python")
assert PACKAGE is not None
assert PACKAGE.origin is not None
AXE = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
RUN = """async (rules) => (await axe.run({resultTypes: ["violations"], ...rules})).violations.flatMap(
  one => one.nodes.map(node => `${one.id}: ${node.target} ${node.failureSummary}`))"""
EVERYTHING: dict[str, object] = {}
COLOURS: dict[str, object] = {"runOnly": ["color-contrast"]}
FORMS = ((1440, "light", EVERYTHING), (360, "dark", EVERYTHING))
"""A page is loaded once and then put into each form."""
CROSSED = ((1440, "dark", COLOURS), (360, "light", COLOURS))
"""On a few pages, for what only a wide page shows, or only a narrow one: elsewhere width changes no colour."""
CROSSED_ON = {"home", "queue", "incident", "confirm"}
ALIKE = {
    *("incident-all", "incident-foreign", "incident-quiet", "queue-mine", "queue-unowned", "queue-resolved"),
    *("calls-dead", "items-resolved", "inbox-done", "first day, incidents?scope=mine", "first day, changes"),
    *("first day, incidents?scope=resolved", "first day, about", "first day, declare"),
}
"""Made of the same parts as another page that is looked at."""
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_axe_finds_nothing(served_night: ServedNight, chromium: Browser) -> None:
    """No finding on any page, light and dark, wide and narrow; at no width does anything scroll sideways."""
    page = chromium.new_page()
    page.set_default_timeout(30_000)
    found: dict[str, object] = {}
    for name, address in served_night.places.items():
        page.goto(address)
        for width in (320, 768, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(WIDE):
                found[f"{name} {width}"] = "scrolls"
        if name in ALIKE:
            continue
        page.evaluate(AXE)
        for width, scheme, rules in (*FORMS, *(CROSSED if name in CROSSED_ON else ())):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
            if wrong := page.evaluate(RUN, rules):
                found[f"{name} {width} {scheme}"] = wrong
    page.close()
    assert found == {}
