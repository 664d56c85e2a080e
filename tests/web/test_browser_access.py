"""Every page under axe, the accessibility checker, in both colour schemes and at three widths."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser

from parapet.core.types import Actor, ActorClass, IncidentId

if TYPE_CHECKING:
    from tests.web.conftest import Shop

pytestmark = pytest.mark.real
PACKAGE = find_spec("axe_playwright_python")
assert PACKAGE is not None
assert PACKAGE.origin is not None
AXE = (Path(PACKAGE.origin).parent / "axe.min.js").read_text()
RUN = """async () => (await axe.run({resultTypes: ["violations"]})).violations.flatMap(
  one => one.nodes.map(node => `${one.id}: ${node.target} ${node.failureSummary}`))"""
PAGES = (
    "",
    "journeys/checkout",
    "incidents",
    "incidents?scope=mine",
    "incidents?q=nothing",
    "incidents/1",
    "incidents/1?entries=all",
    "incidents/1/work",
    "incidents/2",
    "incidents/2/retrospective",
    "declare",
    "inbox",
    "inbox/1",
    "changes",
    "action-items",
    "action-items/1",
    "calls",
    "about",
    "capabilities",
    "approvals",
    "nowhere",
)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (768, "light"), (360, "dark")])
def test_axe_finds_nothing(shop: Shop, chromium: Browser, address: str, width: int, scheme: str) -> None:
    """No finding on any page; nothing scrolls sideways either."""
    shop.fire(labels={"alertname": "Disk", "service": "shop", "severity": "ticket"}, annotations={"title": "Disk full"})
    shop.parapet.operator.resolve(IncidentId(2), actor=ANA, reason="cleaned up", version=1)
    shop.parapet.action_items.open(
        "suppressed_delivery", "msg-1", title="Receipt was not sent", slice_name="checkout", by=ANA
    )
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.add_cookies([{"name": "who", "value": "Ana:responder", "url": address}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    found: dict[str, object] = {}
    for path in PAGES:
        page.goto(address + path)
        page.evaluate(AXE)
        if wrong := page.evaluate(RUN):
            found[path] = wrong
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[f"{path} scrolls"] = True
    context.close()
    assert found == {}
