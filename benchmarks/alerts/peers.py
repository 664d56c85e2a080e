"""The rules that sloth and pyrra would write for the same promise, made anew from their published formulas.

Sloth: error ratios as rates of raw counters over eight windows, its period as the mean of five-minute ratios; pages and
tickets of two window pairs each, at 14.4, 6, 3 and 1 times the budget. Pyrra: the same ratios over windows that follow
from the period (28 days are 1 h, 6 h, 1 d and 4 d, each with a short one), at 14, 7, 2 and 1 times the budget, each
alert waiting half a short window; the period by `increase` of the raw counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import yaml
from tests.scenarios.contestants import BAD, COUNTED, METRIC, Contestant

from parapet.slo.budget import budget_events
from parapet.slo.burn import DAY
from parapet.slo.durations import prometheus_duration, seconds_of

SLOTH_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SLOTH_PAIRS = {
    "page": (("5m", "1h", 14.4), ("30m", "6h", 6.0)),
    "ticket": (("2h", "1d", 3.0), ("6h", "3d", 1.0)),
}
PERIOD_SECONDS = 30 * DAY
PYRRA_PAIRS = (
    ("page", 28 * 24, 5, 2, 14),
    ("page", 28 * 4, 30, 15, 7),
    ("ticket", 28, 120, 60, 2),
    ("ticket", 7, 360, 180, 1),
)
"""Severity, which part of the period the long window is, minutes of the short one and of the wait (28 days), factor."""
PYRRA_INTERVAL, PYRRA_PERIOD_INTERVAL = "30s", "150s"
"""At which it evaluates; a period of 30 days less often. Sloth evaluates as often as the Prometheus does."""


def _ratio(window: str) -> str:
    failed, counted = f'{METRIC}{{{COUNTED},outcome="{BAD}"}}', f"{METRIC}{{{COUNTED}}}"
    return f"sum(rate({failed}[{window}])) / sum(rate({counted}[{window}]))"


def _document(*groups: tuple[str | None, list[dict[str, object]]]) -> Mapping[str, str]:
    """Rules by the interval at which they are evaluated, where they say one."""
    named = [
        {"name": f"slo-{place}", **({"interval": interval} if interval else {}), "rules": rules}
        for place, (interval, rules) in enumerate(groups)
    ]
    return {"rules.yml": yaml.safe_dump({"groups": named}, sort_keys=False)}


def sloth(objective: float) -> Mapping[str, str]:
    """Its rule file for an objective, a ratio."""
    budget = budget_events(objective, 1)
    rules: list[dict[str, object]] = [
        {"record": f"slo:sli_error:ratio_rate{window}", "expr": _ratio(window)} for window in SLOTH_WINDOWS
    ]
    mean = "sum_over_time(slo:sli_error:ratio_rate5m[30d]) / count_over_time(slo:sli_error:ratio_rate5m[30d])"
    rules.append({"record": "slo:sli_error:ratio_rate30d", "expr": mean})
    rules.append({"record": "slo:period_burn_rate:ratio", "expr": f"slo:sli_error:ratio_rate30d / {budget:.12g}"})
    for severity, pairs in SLOTH_PAIRS.items():
        clauses = " or ".join(
            f"(slo:sli_error:ratio_rate{short} > {factor * budget:.12g} and slo:sli_error:ratio_rate{long} > "
            f"{factor * budget:.12g})"
            for short, long, factor in pairs
        )
        rules.append({"alert": "Sloth", "expr": clauses, "labels": {"severity": severity}})
    return _document((None, rules))


def pyrra(objective: float) -> Mapping[str, str]:
    """Its rule file for an objective, a ratio."""
    budget = budget_events(objective, 1)
    stretched = PERIOD_SECONDS / (28 * DAY)
    pairs = [
        (
            severity,
            _minutes(PERIOD_SECONDS / part),
            _minutes(short * 60 * stretched),
            _minutes(wait * 60 * stretched),
            factor,
        )
        for severity, part, short, wait, factor in PYRRA_PAIRS
    ]
    windows = sorted({window for _, long, short, _, _ in pairs for window in (long, short)}, key=seconds_of)
    rules: list[dict[str, object]] = [{"record": f"pyrra:burnrate{w}", "expr": _ratio(w)} for w in windows]
    grown = f"sum by (outcome) (increase({METRIC}{{{COUNTED}}}[30d]))"
    failed = f'sum(pyrra:increase30d{{outcome="{BAD}"}} or vector(0)) / sum(pyrra:increase30d)'
    period: list[dict[str, object]] = [
        {"record": "pyrra:increase30d", "expr": grown},
        {"record": "pyrra:period_burn", "expr": f"{failed} / {budget:.12g}"},
    ]
    for severity, long, short, wait, factor in pairs:
        limit = f"{factor * budget:.12g}"
        rules.append(
            {
                "alert": "Pyrra",
                "expr": f"pyrra:burnrate{short} > {limit} and pyrra:burnrate{long} > {limit}",
                "for": wait,
                "labels": {"severity": severity, "long": long},
            }
        )
    return _document((PYRRA_INTERVAL, rules), (PYRRA_PERIOD_INTERVAL, period))


def _minutes(seconds: float) -> str:
    return prometheus_duration(round(seconds / 60) * 60)


def _firing(name: str, severity: str) -> str:
    return f'ALERTS{{alertname="{name}",alertstate="firing",severity="{severity}"}}'


PEERS = tuple(
    Contestant(
        name=name,
        files=partial(files),
        page=_firing(name, "page"),
        ticket=_firing(name, "ticket"),
        stale=None,
        period_burn=burn,
    )
    for name, files, burn in (("Sloth", sloth, "slo:period_burn_rate:ratio"), ("Pyrra", pyrra, "pyrra:period_burn"))
)
