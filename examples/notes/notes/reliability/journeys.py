"""The journeys of users that deserve a promise. Choose few: each one may wake somebody.

A journey is counted by its routes, or in code: `@checkout.measured` on a handler, or `with checkout.attempt():`.
`parapet slo new NAME --objective 0.999` writes one with a runbook and a test.
"""

from __future__ import annotations

from notes.reliability.service import parapet

login = parapet.journey("login", title="Signing in", objective=0.995, routes=("POST /login", "POST /signup"))
writing = parapet.journey(
    "writing",
    title="Keeping a note",
    objective=0.999,
    latency=(0.5, 0.99),
    routes=("POST /notes",),
)
