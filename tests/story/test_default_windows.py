"""The windows of production, unscaled, against a real Prometheus."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import pytest
from examples.stage.load import Rates

if TYPE_CHECKING:
    from tests.story.conftest import Start

pytestmark = [pytest.mark.real, pytest.mark.waits]

CHECKOUTS = 'parapet:slo_events:count_1h{slice="checkout"}'
MOST_SECONDS = 150.0


def test_a_total_outage_pages_within_minutes_under_the_default_policy(start: Start) -> None:
    """Hours and days as they are: every checkout fails, and the page fires while it matters."""
    stack, _, browser = start(burn_scale=1, rates=Rates(logins=0.5, checkouts=3, browse=0.5), evaluation_seconds=3)
    stack.wait("checkouts are counted", lambda: (stack.prometheus.value(CHECKOUTS) or 0) > 25, seconds=60)
    assert not stack.prometheus.firing()
    broken = monotonic()
    browser.post("/admin/fault", {"fault": "checkout_down"})
    stack.wait("checkout pages", lambda: stack.prometheus.firing("checkout"), seconds=MOST_SECONDS)
    assert monotonic() - broken < MOST_SECONDS
    assert {one.slice for one in stack.prometheus.firing()} == {"checkout"}
    stack.wait("Alertmanager has it", lambda: stack.alertmanager.alerts("checkout"))
    stack.wait("an incident opens", lambda: stack.evidence.queue("open").incidents)
