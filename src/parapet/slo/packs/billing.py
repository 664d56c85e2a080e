"""Money: that customers can pay, and that we hear of it."""

from __future__ import annotations

from parapet.core import names
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.deliveries import heard_of
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.packs.parts import LOUD, Subject, kept, title_of
from parapet.slo.selector import equals


def billing_pack(
    *,
    checkout: str = "checkout",
    payments: str = "payments",
    success: float | None = 0.999,
    latency: tuple[float, float] | None = (2.5, 0.99),
    webhooks: tuple[float, float] | None = (300.0, 0.99),
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Customers can pay, and we hear of it in time. A declined card is the customer's business, and burns nothing.

    Args:
        checkout: the journey in which they pay; name it with `parapet.journey(checkout)`, without an objective.
        payments: the integration whose webhooks tell of payments; name it with `parapet.delivery(payments, ...)`.
        success: `<checkout>`: share of the attempts that must not fail.
            99.9 % = 43.2 minutes in 30 days, or 1 in 1,000.
        latency: `<checkout>-latency`: (seconds, ratio): this share of the successful attempts ends within that time.
            99 % = 7.2 hours in 30 days, or 1 in 100.
        webhooks: `<payments>-payment-webhooks`: (seconds, ratio): this share of the provider's webhooks comes within
            that time, 1, 30, 300 or 3600: until then, who paid has nothing. 99 % = 7.2 hours in 30 days, or 1 in 100.
        title: what the checkout is called; by default, after the journey.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, the latency threshold is not positive, or all are None.
    """
    guidance = runbook or f"billing-{checkout}"
    shown = title or title_of(checkout)
    paid = journey_slices(checkout, objective=success, title=shown, latency=latency, runbook=guidance, owner=owner)
    paying = Subject(name=payments, title=title_of(payments), owner=owner, runbook=runbook or f"billing-{payments}")
    told = heard_of(paying, "payment-webhooks", webhooks, (equals(names.INTEGRATION, payments),), LOUD)
    return Pack(
        name=f"billing_pack(checkout={checkout!r}, payments={payments!r})",
        slices=kept(*paid, told),
        guides=(
            Guide(name=f"billing-{checkout}", playbook="checkout", title=shown),
            Guide(name=f"billing-{payments}", playbook="payment-webhooks", title=title_of(payments)),
        ),
    )
