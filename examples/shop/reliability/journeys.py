"""The journeys of users that deserve a promise. Choose few: each one may wake somebody.

A journey is counted by its routes, or in code: `@checkout.measured` on a handler, or `with checkout.attempt():`.
`parapet slo new NAME --objective 0.999` writes one with a runbook and a test.
"""

from __future__ import annotations

from examples.shop.reliability.service import parapet

login = parapet.journey("login", title="Login", objective=0.999)
checkout = parapet.journey(
    "checkout",
    title="Checkout",
    objective=0.999,
    latency=(1.0, 0.99),
    routes=("POST /checkout",),
    runbook="checkout",
)
