"""What the catalog refuses, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parapet.core import names
from parapet.core.errors import ConfigurationError, UnknownName, UnreachableAlert
from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY, HOUR, BurnPolicy, pair
from parapet.slo.catalog import Catalog
from parapet.slo.packs import web_pack
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.selector import equals, none_of, one_of
from parapet.slo.sli import EventRatio, LatencyRatio
from parapet.slo.slice import Slice

SLI = EventRatio(
    metric=names.HTTP_DURATION,
    total=(equals(names.ROUTE, "/uploads"), none_of(names.STATUS_CLASS, "disconnected")),
    bad=(equals(names.STATUS_CLASS, "5xx"),),
)
GOOD = Slice(
    name="uploads",
    title="Uploads",
    sli=SLI,
    objective=0.99,
    runbook="https://runbooks.example/uploads",
)


def with_sli(total: tuple[object, ...] = (), bad: tuple[object, ...] = ()) -> Slice:
    """GOOD with other selectors."""
    return replace(GOOD, sli=EventRatio(metric=names.HTTP_DURATION, total=total, bad=bad))  # type: ignore[arg-type]


def test_a_good_catalog_fills_in_the_service() -> None:
    """Every slice of it speaks for the service, and can be found by name."""
    catalog = Catalog(service="shop", slices=(GOOD,))
    assert [one.service for one in catalog] == ["shop"]
    assert catalog.slice("uploads").title == "Uploads"
    assert len(catalog) == 1


def test_the_packs_hold_together() -> None:
    """Web and journeys, with their playbooks' names, are accepted."""
    catalog = Catalog(
        service="shop",
        slices=(*web_pack(latency=(0.3, 0.99)), *journey_slices("login", objective=0.995, latency=(1.5, 0.95))),
        runbooks=("web-availability", "web-latency", "journey-login"),
        known={names.JOURNEY: ("login",)},
    )
    assert [one.name for one in catalog] == ["web-availability", "web-latency", "login", "login-latency"]
    assert catalog.group_labels == ()


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (replace(GOOD, sli=replace(SLI, metric="parapet_http_duration")), r"Did you mean 'parapet_http_request"),
        (with_sli(bad=(equals("status_clas", "5xx"),)), r"Did you mean 'status_class'\?"),
        (with_sli(bad=(equals(names.STATUS_CLASS, "5XX"),)), r"Unknown status_class in slice 'uploads' '5XX'"),
        (replace(GOOD, group_by=("rout",)), r"Did you mean 'route'\?"),
        (replace(GOOD, runbook="uplods"), r"Did you mean 'uploads'\?"),
        (with_sli(total=(equals(names.ROUTE, "/upload"),), bad=(equals(names.STATUS_CLASS, "5xx"),)), "/uploads"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest_match(broken: Slice, says: str) -> None:
    """A slice over what is never emitted cannot be defined."""
    with pytest.raises(UnknownName, match=says):
        Catalog(service="shop", slices=(broken,), known={names.ROUTE: ("/uploads",)}, runbooks=("uploads",))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (replace(GOOD, name="Up loads"), "expected lower case letters"),
        (replace(GOOD, runbook=None), "pages, and has no runbook"),
        (with_sli(), "every event would be bad"),
        (
            with_sli(total=(one_of(names.STATUS_CLASS, "2xx", "4xx"),), bad=(equals(names.STATUS_CLASS, "5xx"),)),
            "its total leaves that out",
        ),
        (
            with_sli(bad=(equals(names.STATUS_CLASS, "5xx"), equals(names.STATUS_CLASS, "4xx"))),
            "matches 'status_class' twice",
        ),
    ],
)
def test_slices_that_cannot_hold_are_refused(broken: Slice, says: str) -> None:
    """With a reason that says what to change."""
    with pytest.raises(ConfigurationError, match=says):
        Catalog(service="shop", slices=(broken,))


def test_a_name_is_taken_once() -> None:
    """Two slices of one name would be one series."""
    with pytest.raises(ConfigurationError, match="'uploads' is defined twice"):
        Catalog(service="shop", slices=(GOOD, replace(GOOD, title="Again")))


def test_a_service_must_be_a_word() -> None:
    """It stands in rules, templates and addresses."""
    with pytest.raises(ConfigurationError, match="expected letters"):
        Catalog(service='shop"}', slices=(GOOD,))


def test_a_severity_that_the_policy_never_raises_is_refused() -> None:
    """A slice that pages needs a pair that pages."""
    tickets_only = BurnPolicy(pairs=(pair(Severity.TICKET, 86_400, 0.1),))
    with pytest.raises(UnreachableAlert, match="no window pair for it"):
        Catalog(service="shop", slices=(GOOD,), burn=tickets_only)


def test_a_slice_without_runbook_may_raise_tickets() -> None:
    """Only what wakes somebody must say what to do."""
    Catalog(service="shop", slices=(replace(GOOD, runbook=None, severities=(Severity.TICKET,)),))


def test_an_objective_in_percent_names_the_slice_and_the_ratio() -> None:
    """The error is raised where the slice is written."""
    with pytest.raises(ConfigurationError, match=r"Slice 'login': The objective is 99\.5.*Did you mean 0\.995\?"):
        journey_slices("login", objective=99.5)


def test_a_swapped_latency_is_recognised() -> None:
    """(0.99, 2) is (ratio, seconds): the other way round."""
    with pytest.raises(ConfigurationError, match=r"Did you mean \(2, 0\.99\)\?"):
        web_pack(latency=(0.99, 2))
    with pytest.raises(ConfigurationError, match="more than 0"):
        LatencyRatio(metric=names.HTTP_DURATION, selector=(), threshold_seconds=0)


def test_an_unknown_slice_is_refused_with_the_nearest_match() -> None:
    """As every other name."""
    with pytest.raises(UnknownName, match=r"Did you mean 'uploads'\?"):
        Catalog(service="shop", slices=(GOOD,)).slice("upload")


def test_a_slice_has_a_period_and_tiers_of_its_own() -> None:
    """Factors follow from its period; windows that every reader asks for stay those of the service."""
    week = replace(GOOD, name="weekly", period_seconds=7 * DAY, without_tiers=("page-fast",))
    catalog = Catalog(service="shop", slices=(GOOD, week))
    usual, own = (catalog.policy_of(one) for one in catalog)
    assert usual == BurnPolicy()
    assert own.period_seconds == 7 * DAY
    assert own.current_window_seconds == usual.current_window_seconds == HOUR
    assert [(t.tier, t.factor) for t in own.thresholds(0.99)] == [
        ("page-slow", pytest.approx(1.4)),
        ("ticket-fast", 1),
        ("ticket-slow", 1),
    ]


def test_periods_shrink_with_a_policy_that_is_scaled_down() -> None:
    """A week is as much shorter as an hour is, so a demonstration keeps its factors."""
    week = replace(GOOD, period_seconds=7 * DAY)
    (one,) = catalog = Catalog(service="shop", slices=(week,), burn=BurnPolicy().scaled_down(60))
    assert catalog.policy_of(one) == BurnPolicy().over(7 * DAY).scaled_down(60)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (replace(GOOD, period_seconds=DAY), r"slice 'uploads': The windows of 3 days and 6 hours do not fit"),
        (replace(GOOD, without_tiers=("page-fats",)), r"Did you mean 'page-fast'\?"),
        (replace(GOOD, without_tiers=("page-fast", "page-slow")), "or the slice does without them all"),
        (replace(GOOD, alert_labels={Severity.PAGE: {"slice": "x"}}), "'slice', which is taken"),
        (replace(GOOD, alert_labels={Severity.PAGE: {"to-team": "x"}}), "expected letters, digits and underscores"),
        (replace(GOOD, alert_labels={Severity.PAGE: {"team": ""}}), "without a value"),
        (
            replace(GOOD, severities=(Severity.TICKET,), alert_labels={Severity.PAGE: {"team": "x"}}),
            "which it never raises",
        ),
        (replace(GOOD, links={"Dashboard": "grafana/d/1"}), r"expected a title and an http\(s\) address"),
    ],
)
def test_periods_tiers_labels_and_links_are_checked(broken: Slice, says: str) -> None:
    """Each error says what to change."""
    with pytest.raises(ConfigurationError, match=says):
        Catalog(service="shop", slices=(broken,))


def test_a_period_is_a_time() -> None:
    """Nothing can be promised over none."""
    with pytest.raises(ConfigurationError, match="more than 0"):
        replace(GOOD, period_seconds=0)
