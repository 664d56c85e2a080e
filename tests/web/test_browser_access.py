"""Every page under axe, the accessibility checker, in both colour schemes and at three widths."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser

from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.response.capability import Capability, Done, LeftOut, Proposal, Situation, Target
from parapet.response.preview import FrozenPreview

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
    "previews/{fresh}",
    "previews/{large}",
    "runs/2",
    "runs/3",
    "nowhere",
)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")


def acted(shop: Shop) -> dict[str, str]:
    """Runs that are done, failed and unknown, and previews to confirm, that need a second person, that were used."""
    jobs = [Target(id=f"checkout/{number}", version="v2", label="€ 103.95") for number in range(40)]

    def preview(told: Situation) -> Proposal:
        return Proposal(
            targets=tuple(jobs[: int(told.inputs["limit"])]),
            left_out=(LeftOut(id="81198", because="Refunded by support.", instead="Refund form"),),
            will_do="put them back on the queue checkout, once each",
            warnings=("The queue is long.",),
        )

    def execute(told: Situation, targets: tuple[Target, ...]) -> Done:
        if len(targets) == 3:
            raise ConnectionError
        return Done(failed={"checkout/1": "It is gone."} if len(targets) == 2 else {}, note="Queued.")

    shop.parapet.capability(
        Capability(
            name="retry-jobs",
            title="Retry dead jobs",
            noun="job",
            touches="the queue checkout",
            preview=preview,
            execute=execute,
            undo=lambda told, targets: None,
            typed_from=20,
            second_person_from=20,
            inputs={"limit": "12"},
        )
    )
    actions, one = shop.parapet.actions, IncidentId(1)
    made: list[FrozenPreview] = []
    for count in (1, 2, 3):
        made.append(actions.preview("retry-jobs", one, actor=ANA, inputs={"limit": f"{count}"}))
        actions.confirm(made[-1].id, digest=made[-1].digest, actor=ANA, reason="1.8.3 reads them")
    fresh = actions.preview("retry-jobs", one, actor=ANA)
    large = actions.preview("retry-jobs", one, actor=ANA, inputs={"limit": "40"})
    shop.parapet.approvals.ask(large.id, actor=Actor(kind=ActorClass.OPERATOR, name="Ben"), reason="too many for one")
    return {"fresh": fresh.id, "large": large.id}


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (768, "light"), (360, "dark")])
def test_axe_finds_nothing(shop: Shop, chromium: Browser, address: str, width: int, scheme: str) -> None:
    """No finding on any page; nothing scrolls sideways either."""
    shop.fire(labels={"alertname": "Disk", "service": "shop", "severity": "ticket"}, annotations={"title": "Disk full"})
    shop.parapet.operator.resolve(IncidentId(2), actor=ANA, reason="cleaned up", version=1)
    shop.parapet.action_items.open(
        "suppressed_delivery", "msg-1", title="Receipt was not sent", slice_name="checkout", by=ANA
    )
    named = acted(shop)
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.add_cookies([{"name": "who", "value": "Ana:responder", "url": address}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    found: dict[str, object] = {}
    for path in PAGES:
        page.goto(address + path.format(**named))
        page.evaluate(AXE)
        if wrong := page.evaluate(RUN):
            found[path] = wrong
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found[f"{path} scrolls"] = True
    context.close()
    assert found == {}
