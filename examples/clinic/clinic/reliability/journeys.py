"""The journeys of users that deserve a promise. Choose few: each one may wake somebody.

A journey is counted by its routes, or in code: `@checkout.measured` on a handler, or `with checkout.attempt():`.
`parapet slo new NAME --objective 0.999` writes one with a runbook and a test.
"""

from __future__ import annotations

from clinic.reliability.service import parapet

booking = parapet.journey(
    "booking",
    title="Booking an appointment",
    objective=0.999,
    latency=(1.0, 0.99),
    routes=("POST /book",),
)
reception = parapet.journey("reception", title="Reception signs in", objective=0.99, routes=("POST /login/",))
