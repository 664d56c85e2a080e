"""How much time scenarios are played over: in full, or as briefly as gives the same answers."""

from __future__ import annotations

from dataclasses import dataclass

HOURS = 60
"""Minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How much time is played, and how closely it is looked at."""

    page_minutes: int
    """How long all is well before what pages."""
    ticket_minutes: int
    trouble_goes_on: int
    """Minutes that an outage lasts beyond those within which it pages, at most."""
    calm_evaluated_seconds: int
    """How often rules are evaluated where hours pass and no minute matters."""
    budget_days: int


FULL = Span(
    page_minutes=6 * HOURS, ticket_minutes=72 * HOURS, trouble_goes_on=HOURS, calm_evaluated_seconds=60, budget_days=2
)
"""With a past as long as the longest windows, so that it makes everything as slow as it can be."""
BRIEF = Span(page_minutes=20, ticket_minutes=HOURS, trouble_goes_on=2, calm_evaluated_seconds=300, budget_days=1)
"""Where a past that nobody saw counts as a usual one, the same answers for less."""
