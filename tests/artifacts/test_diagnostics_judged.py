"""Diagnostics that compare with what is usual, judged by promtool: a drift is told, a level is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.slo import series
from parapet.slo.burn import HOUR, BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.family import own
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio

pytestmark = pytest.mark.real

Scenario = Callable[..., str]

SUPPRESSED = Diagnostic(
    name="suppressed",
    title="More is suppressed than usual",
    sli=EventRatio(metric=names.DELIVERY_OUTBOUND, bad=(equals(names.OUTCOME, "suppressed"),)),
    threshold_ratio=0.05,
    times_usual=2,
)
FUNNEL = Diagnostic(
    name="funnel",
    title="Less gets through than usual",
    sli=EventRatio(
        metric=names.ASYNC_WORK,
        total=(equals(names.OUTCOME, "started"),),
        good=(equals(names.OUTCOME, "succeeded"),),
        good_source=own(names.ASYNC_WORK),
    ),
    threshold_ratio=0.1,
    times_usual=1.5,
    window_seconds=3 * HOUR,
)
TICKETS = "max by (slice, severity, integration) (ALERTS{alertstate='firing'})"
EVER = "max by (slice, severity, integration) (max_over_time(ALERTS{alertstate='firing'}[7d]))"
SELDOM = "5m"
"""Rules are evaluated so often: usual is what was so for hours."""
BURST = 30
"""Minutes from one burst of work to the next."""


def fed(name: str, values: str, **labels: str) -> dict[str, str]:
    """One input series of the shop."""
    pairs = ",".join(f'{label}="{value}"' for label, value in {"job": "shop", **labels}.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


def asked(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, object]:
    """A question and its exact answer."""
    return {"expr": expr, "eval_time": at, "exp_samples": [{"labels": labels, "value": v} for labels, v in samples]}


def held(values: list[int]) -> str:
    """Each of *values* for as long as there is from one burst to the next, a value a minute."""
    return " ".join(f"{value}x{BURST - 1}" for value in values)


def test_a_drift_is_told_and_a_level_is_not(scenario: Scenario) -> None:
    """Ten percent are suppressed: after a day at 2 % that is a drift; where it always was so, it is not."""
    outbound = names.DELIVERY_OUTBOUND
    traffic = [
        fed(outbound, "0+98x1800 176490+90x120", integration="receipts", outcome="provider_accepted"),
        fed(outbound, "0+2x1800 3610+10x120", integration="receipts", outcome="suppressed"),
        fed(outbound, "0+90x1920", integration="news", outcome="provider_accepted"),
        fed(outbound, "0+10x1920", integration="news", outcome="suppressed"),
    ]
    usual = f"round({series.DIAGNOSTIC_USUAL}, 0.01)"
    receipts = '{service="shop", slice="suppressed", integration="receipts"}'
    news = '{service="shop", slice="suppressed", integration="news"}'
    ticket = '{slice="suppressed", severity="ticket", integration="receipts"}'
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(usual, "20h"),
            asked(EVER, "30h"),
            asked(usual, "31h30m", (receipts, 0.02), (news, 0.1)),
            asked(TICKETS, "31h30m", (ticket, 1)),
        ],
    }
    one = replace(SUPPRESSED, group_by=(names.INTEGRATION,))
    assert "SUCCESS" in scenario(Catalog(service="shop", diagnostics=(one,)), [test], SELDOM)


def test_a_first_suppressed_message_among_few_is_no_drift(scenario: Scenario) -> None:
    """Nothing was ever suppressed, and now one of ten is: chance."""
    outbound = names.DELIVERY_OUTBOUND
    traffic = [
        fed(outbound, held([2 * burst for burst in range(64)]), integration="receipts", outcome="provider_accepted"),
        fed(outbound, held([0] * 62 + [1, 1]), integration="receipts", outcome="suppressed"),
    ]
    ratio = asked(f"{series.DIAGNOSTIC_RATIO} > bool 0.05", "31h20m", ('{service="shop", slice="suppressed"}', 1))
    test = {"input_series": traffic, "promql_expr_test": [ratio, asked(EVER, "32h")]}
    assert "SUCCESS" in scenario(Catalog(service="shop", diagnostics=(SUPPRESSED,)), [test], SELDOM)


def test_less_that_gets_through_is_told_whatever_the_delay_between(scenario: Scenario) -> None:
    """Work comes in bursts and gets through half an hour later: nothing is lost. Then a quarter of it never does."""
    bursts, good = 72, 62
    began = [100 * burst for burst in range(bursts)]
    through = [
        max(0, 100 * (burst - 1)) if burst <= good else 100 * (good - 1) + 75 * (burst - good)
        for burst in range(bursts)
    ]
    traffic = [
        fed(names.ASYNC_WORK, held(began), integration="videos", outcome="started"),
        fed(names.ASYNC_WORK, held(through), integration="videos", outcome="succeeded"),
    ]
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(f"{series.DIAGNOSTIC_RATIO} < bool 0.01", "29h20m", ('{service="shop", slice="funnel"}', 1)),
            asked(EVER, "31h"),
            asked(TICKETS, "35h20m", ('{slice="funnel", severity="ticket"}', 1)),
        ],
    }
    assert "SUCCESS" in scenario(Catalog(service="shop", diagnostics=(FUNNEL,)), [test], SELDOM)


def test_a_share_that_wavers_around_its_threshold_is_told_of_once(scenario: Scenario) -> None:
    """6 % and 4 % in turns, around 5 %: one ticket from the first time on, until it is 3 %."""
    bad, good = [0], [0]
    for minute in range(160):
        each = 3 if minute >= 120 else (6, 4)[minute // 20 % 2]
        bad.append(bad[-1] + 10 * each)
        good.append(good[-1] + 10 * (100 - each))
    traffic = [
        fed(names.DELIVERY_OUTBOUND, " ".join(map(str, values)), integration="receipts", outcome=outcome)
        for outcome, values in (("suppressed", bad), ("provider_accepted", good))
    ]
    one = replace(SUPPRESSED, times_usual=None, window_seconds=600)
    ticket = ('{slice="suppressed", severity="ticket"}', 1)
    ratio = f"{series.DIAGNOSTIC_RATIO} < bool 0.05"
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(TICKETS, "15m", ticket),
            asked(ratio, "35m", ('{service="shop", slice="suppressed"}', 1)),
            *(asked(TICKETS, f"{minute}m", ticket) for minute in range(20, 121, 5)),
            asked(TICKETS, "150m"),
        ],
    }
    assert "SUCCESS" in scenario(Catalog(service="shop", diagnostics=(one,)), [test])


def test_what_could_tell_nothing_is_refused() -> None:
    """Once what is usual is no more than usual, and a window cannot be compared with itself."""
    with pytest.raises(ConfigurationError, match="expected more than 1, such as 2"):
        replace(SUPPRESSED, times_usual=1)
    with pytest.raises(ConfigurationError, match="expected more than its window"):
        replace(SUPPRESSED, usual_seconds=HOUR)


def test_what_is_usual_shrinks_with_a_policy_that_is_scaled_down() -> None:
    """As its window does."""
    catalog = Catalog(service="shop", diagnostics=(SUPPRESSED,), burn=BurnPolicy().scaled_down(60))
    assert catalog.usual_of(SUPPRESSED) == 7 * 86_400 / 60
