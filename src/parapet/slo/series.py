"""What the recorded series are called, and the PromQL that reads them. The only place that spells either.

Every series carries `service` and `slice`, and the slice's group labels where it has some.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from parapet.core import names
from parapet.core.vocabulary import Severity
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration

EVENTS = "parapet:slo_events:increase_base"
"""Events within the base window: the first of the two series that everything else is derived from."""
BAD_EVENTS = "parapet:slo_bad_events:increase_base"
"""Bad events within the base window: the second one. Zero, not absent, while all is well."""

LAST_SUCCESS = "parapet:slo_last_success:timestamp"
"""When what a slice waits for last succeeded, in epoch seconds; for slices about that."""

MAINTENANCE = "parapet:maintenance:active"
"""1 during a maintenance, named by the label `maintenance`, else 0."""
UTC_OFFSET = "parapet:utc_offset:seconds"
"""How far a time zone, named by the label `zone`, is ahead of UTC now; for maintenance by its clock."""
UNCOUNTED = "parapet:slo_maintenance:active"
"""1 while the events of a slice do not count: during its maintenance, and for a base window after it; else 0."""

OBJECTIVE = "parapet:slo_objective:ratio"
BUDGET = "parapet:slo_budget:ratio"
PERIOD = "parapet:slo_period:seconds"
CURRENT_BURN = "parapet:slo_burn:current"
"""Error ratio of the current window over the budget: 1 uses exactly the budget within the period."""
PERIOD_BURN = "parapet:slo_burn:period"
BAD_EVENTS_OF_PERIOD = "parapet:slo_bad_events:count_period"
"""Bad events within the slice's period. Named alike for every period, so that one query reads them all."""
EVENTS_OF_PERIOD = "parapet:slo_events:count_period"
"""Events within the slice's period."""
USUAL_EVENTS = "parapet:slo_events:usual_period"
"""Events of a whole period at the average traffic seen so far."""
BUDGET_REMAINING = "parapet:slo_budget_remaining:ratio"
"""1: untouched; 0: used up; below 0: overspent."""
BUDGET_REMAINING_MINUTES = "parapet:slo_budget_remaining:minutes"
"""Minutes of total outage, at average traffic, that are left of the period's budget."""
BUDGET_REMAINING_EVENTS = "parapet:slo_budget_remaining:events"
"""Bad events, at the traffic seen so far, that are left of the period's budget."""
EXHAUSTION = "parapet:slo_budget_exhaustion:seconds"
"""Until the budget is used up if it burns on as now; 0: it is; absent: not within a period, or nobody knows."""
SILENCE = "parapet:slo_silence"
"""Whether we hear of the slice: a number of `state.Silence`. Without group labels."""
STATE = "parapet:slo_state"
"""How it stands: a number of `state.StateNumber`; for each group, but stale and maintenance have no groups."""
FROZEN = "parapet:heartbeat:stands_still"
"""1 while the heartbeats in all pages of a service stand still, so that nothing there is of now; 0 while they move."""
INFO = "parapet:slo_info"
"""1, with what does not change in its labels."""

DIAGNOSTIC_EVENTS = "parapet:diagnostic_events:increase_base"
"""Events of a diagnostic within the base window. Named apart from slices: it promises nothing."""
DIAGNOSTIC_BAD_EVENTS = "parapet:diagnostic_bad_events:increase_base"
"""Bad events of a diagnostic within the base window."""
DIAGNOSTIC_RATIO = "parapet:diagnostic_bad:ratio"
"""Share of bad events over the diagnostic's window; absent while there are no events."""
DIAGNOSTIC_BAD_COUNT = "parapet:diagnostic_bad_events:count"
"""Bad events within the diagnostic's window: whether they are enough to judge by."""
DIAGNOSTIC_USUAL = "parapet:diagnostic_usual:ratio"
"""Share of bad events before the diagnostic's window: what is usual. Absent without enough history."""
DIAGNOSTIC_THRESHOLD = "parapet:diagnostic_threshold:ratio"
"""The share above which somebody should look."""


ALERTS = {Severity.PAGE: names.ALERT_PAGE, Severity.TICKET: names.ALERT_TICKET}
"""What a slice raises when its budget burns."""


def error_ratio_series(window_seconds: float) -> str:
    """The recorded share of bad events over a window: absent while there are no events."""
    return f"parapet:slo_error_ratio:over_{prometheus_duration(window_seconds)}"


def bad_count_series(window_seconds: float) -> str:
    """The recorded number of bad events within a window longer than the base window."""
    return f"parapet:slo_bad_events:count_{prometheus_duration(window_seconds)}"


def event_count_series(window_seconds: float) -> str:
    """The recorded number of events within a window that is longer than the base window, and not read in steps."""
    return f"parapet:slo_events:count_{prometheus_duration(window_seconds)}"


def usual_events_series(window_seconds: float) -> str:
    """The recorded events of a whole window, of which whatever was not recorded is taken to be as the rest of it."""
    return f"parapet:slo_events:usual_{prometheus_duration(window_seconds)}"


def events_within(policy: BurnPolicy, window_seconds: float) -> str:
    """The series of the number of events within a window, be it the base window or a longer one."""
    return EVENTS if window_seconds <= policy.base_window_seconds else event_count_series(window_seconds)


def bad_within(policy: BurnPolicy, window_seconds: float) -> str:
    """The same for bad events."""
    return BAD_EVENTS if window_seconds <= policy.base_window_seconds else bad_count_series(window_seconds)


@lru_cache(maxsize=4_096)
def matching(service: str, slice_name: str | None = None) -> str:
    """The selector of one service's series, or of one slice's, in braces."""
    parts = [f"{names.SERVICE}={quoted(service)}"]
    if slice_name is not None:
        parts.append(f"{names.SLICE}={quoted(slice_name)}")
    return "{" + ",".join(parts) + "}"


@lru_cache(maxsize=4_096)
def quoted(value: str) -> str:
    """*value* as a PromQL string."""
    return json.dumps(value, ensure_ascii=False)


# Queries for readers. Each answers for every slice of *service* at once (labels: service, slice, groups).


def good_ratio_query(service: str, policy: BurnPolicy) -> str:
    """Share of good events in the current window; absent while there are none."""
    return f"1 - {error_ratio_series(policy.current_window_seconds)}{matching(service)}"


def events_query(service: str, policy: BurnPolicy) -> str:
    """Events in the current window."""
    return f"{event_count_series(policy.current_window_seconds)}{matching(service)}"


def bad_events_query(service: str, policy: BurnPolicy) -> str:
    """Bad events in the current window."""
    return f"{bad_count_series(policy.current_window_seconds)}{matching(service)}"


def current_burn_query(service: str) -> str:
    """Burn now; over a range it is the small chart."""
    return f"{CURRENT_BURN}{matching(service)}"


def worst_query(name: str, service: str, slice_name: str, groups: Mapping[str, str]) -> str:
    """The highest value of the series *name* of one slice or diagnostic, among those that carry all of *groups*."""
    chosen = matching(service, slice_name)[:-1] + "".join(
        f",{label}={quoted(value)}" for label, value in groups.items()
    )
    return f"max({name}{chosen}}})"


def least_query(name: str, service: str, slice_name: str) -> str:
    """The lowest value of the series *name* of one slice, among its groups."""
    return f"min({name}{matching(service, slice_name)})"


def budget_remaining_query(service: str) -> str:
    """Share of the period's budget that is left."""
    return f"{BUDGET_REMAINING}{matching(service)}"


def firing_query(service: str) -> str:
    """The alerts of ours that fire now, with their `severity`."""
    ours = f"{names.ALERT_PAGE}|{names.ALERT_TICKET}"
    return f'ALERTS{{alertname=~"{ours}",alertstate="firing",{names.SERVICE}={quoted(service)}}}'


def last_sample_query(service: str, policy: BurnPolicy) -> str:
    """Unix time of the newest recorded sample of each slice, looking back six current windows."""
    lookback = prometheus_duration(6 * policy.current_window_seconds)
    step = prometheus_duration(policy.base_window_seconds / 5)
    newest = f"max_over_time(timestamp({EVENTS}{matching(service)})[{lookback}:{step}])"
    return f"max by ({names.SERVICE}, {names.SLICE}) ({newest})"


def frozen_query(service: str) -> str:
    """1 if what the service shows is an old page, 0 if not, nothing if nobody knows."""
    return f"max({FROZEN}{matching(service)})"


def up_query(service: str) -> str:
    """1 if a target of the service was scraped, 0 if none could be, nothing if Prometheus knows none."""
    return f"max(up{{job={quoted(service)}}})"
