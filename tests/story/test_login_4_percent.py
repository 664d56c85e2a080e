"""The front page is up, checkout works, every HTTP status is fine: and one login in 25 is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from examples.stage.load import Rates

from parapet.incidents.model import Severity

if TYPE_CHECKING:
    from tests.story.conftest import Start

pytestmark = [pytest.mark.real, pytest.mark.waits]

LOGIN_EVENTS = 'parapet:slo_events:count_1m{slice="login"}'
FAILED_REQUESTS = 'sum(increase(parapet_http_request_duration_seconds_count{status_class="5xx"}[10m]))'
ALERTED = 'count by (slice, severity) (count_over_time(ALERTS{alertstate="firing",alertname!="ParapetWatchdog"}[10m]))'


def test_a_broken_login_callback_pages_for_login_and_for_nothing_else(start: Start) -> None:
    """4 % of logins fail, all else is fine: a page and an incident of login, and silence about the rest."""
    stack, load, browser = start(burn_scale=60, rates=Rates(logins=16, checkouts=3, browse=3))
    prometheus = stack.prometheus
    stack.wait("logins are counted", lambda: (prometheus.value(LOGIN_EVENTS) or 0) > 60)
    assert not prometheus.firing()
    browser.post("/admin/fault", {"fault": "login_4_percent"})

    def paged() -> bool:
        return any(one.severity == "page" for one in prometheus.firing("login"))

    stack.wait("login pages", paged, seconds=90)
    stack.wait("an incident opens", lambda: stack.evidence.queue("open").incidents)
    lost = load.tally.of("login")["lost"]
    stack.wait("more logins are lost", lambda: load.tally.of("login")["lost"] >= lost + 8, seconds=60)

    alerted = {(labels["slice"], labels["severity"]) for labels, _ in prometheus.query(ALERTED)}
    assert {name for name, _ in alerted} == {"login"}
    assert prometheus.value(FAILED_REQUESTS) == 0
    incidents = stack.evidence.queue("open").incidents
    assert [(one.slice, one.severity) for one in incidents] == [("login", Severity.PAGE)]
    home = browser.get("/parapet/").words
    assert "Login Burning, page" in home
    assert "Checkout Good" in home
    assert "Other pages Good" in home
