"""What whoever is woken does first. It stands on the incident's page beside the general guidance of the packs."""

from __future__ import annotations

from parapet import Runbook
from parapet.response.runbook import Step

from examples.shop.reliability.on_call import TEAM
from examples.shop.reliability.service import parapet

parapet.runbook(
    Runbook(
        name="checkout",
        title="Customers cannot pay, or wait too long",
        owner=TEAM,
        slices=("checkout", "checkout-latency"),
        steps=(
            Step(
                title="Undo the last change",
                text="If a deploy or the fault switch lies shortly before onset, undo it first and ask later. Mark the "
                "rollback with `parapet deploy mark --rollback`, so that the chronology shows what helped.",
            ),
            Step(
                title="Ask the payment provider",
                text="Answers with status 503 are the provider's: look at its status page. Answers with status 500 are "
                "ours: the traceback is in the shop's log.",
            ),
            Step(
                title="Pay once yourself",
                text="Sign in, put one thing into the cart, and check out. Look at the order, not only at the page.",
            ),
        ),
        warnings=("Do not charge again by hand: an order that failed late may already be paid.",),
        url="https://example.com/shop/runbooks/checkout",
    )
)
