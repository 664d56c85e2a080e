"""Maintenance windows to recording rules: 0 or 1, computed from the time alone, clocks that are set included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from parapet.artifacts.rules import Group, Rule
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.burn import DAY
from parapet.slo.catalog import Catalog
from parapet.slo.maintenance import BY_HAND, KNOWN_FROM, KNOWN_UNTIL, Maintenance, Once, Weekly, Window, offsets

WEEK = 7 * DAY
MONDAY = 3 * DAY
"""Seconds from a Monday's midnight to the epoch, a Thursday's."""


def maintenance_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group with every maintenance of the service; none without any, and where people can begin none."""
    if not catalog.maintenances and not catalog.rests_by_hand:
        return ()
    zones = sorted({each.zone for one in catalog.maintenances for each in one.windows if isinstance(each, Weekly)})
    rules = (
        *(_offset_rule(zone, catalog.service) for zone in zones if len(offsets(zone)) > 1),
        *(_active_rule(one, catalog.service) for one in catalog.maintenances),
        *((_by_hand_rule(catalog.service),) if catalog.rests_by_hand else ()),
    )
    name = f"parapet:{catalog.service}:maintenance"
    return (Group(name=name, interval_seconds=wiring.evaluation_interval_seconds, rules=rules),)


def _active_rule(one: Maintenance, service: str) -> Rule:
    parts = [_covers(window, service) for window in one.windows]
    any_of = f"(\n  {parts[0]}\n)" if len(parts) == 1 else "(\n  " + "\n  + ".join(parts) + "\n  > bool 0\n)"
    why = f" {one.reason}" if one.reason else ""
    return Rule(
        record=series.MAINTENANCE,
        expr=f"vector{any_of}",
        labels={names.SERVICE: service, names.MAINTENANCE: one.name},
        comment=f"1 in maintenance {one.name}: {one.words}.{why}",
    )


def _by_hand_rule(service: str) -> Rule:
    """What people let rest, as the service tells: until when, so that it ends even if nobody tells any more."""
    told = f"{names.MAINTENANCE_UNTIL}{{job={series.quoted(service)}}}"
    return Rule(
        record=series.MAINTENANCE,
        expr=f"max by ({names.SLICE}) ({told}) > bool time()",
        labels={names.SERVICE: service, names.MAINTENANCE: BY_HAND},
        comment="1 while people let a promise rest, which they begin and end in the workbench; for each that ever did.",
    )


def _covers(window: Window, service: str) -> str:
    """A number: 1 within *window*, else 0."""
    if isinstance(window, Once):
        return f"(time() >= bool {_epoch(window.start)}) * (time() < bool {_epoch(window.end)})"
    start, end = (minutes * 60 for minutes in window.minutes_of_week)
    lasts = (end - start) % WEEK
    # Seconds since the window's last start: those of the week by the wall clock, turned so that they begin with it.
    since = f"({_wall_clock(window.zone, service)} + {(MONDAY - start) % WEEK:.0f}) % {WEEK:.0f}"
    return f"({since} < bool {lasts:.0f}) * (time() >= bool {_epoch(datetime(KNOWN_FROM, 1, 1, tzinfo=UTC))})"


def _wall_clock(zone: str, service: str) -> str:
    """Seconds since the epoch by the wall clock of *zone*."""
    known = offsets(zone)
    if len(known) == 1:
        return f"time() + {known[0][1].total_seconds():.0f}"
    return f"time() + scalar({series.UTC_OFFSET}{series.matching(service)[:-1]},{names.ZONE}={series.quoted(zone)}}})"


def _offset_rule(zone: str, service: str) -> Rule:
    (_, before), *switches = offsets(zone)
    parts = [f"{before.total_seconds():.0f}"]
    for moment, after in switches:
        step: timedelta = after - before
        sign = "-" if step < timedelta() else "+"
        parts.append(f"{sign} {abs(step).total_seconds():.0f} * (time() >= bool {_epoch(moment)})")
        before = after
    return Rule(
        record=series.UTC_OFFSET,
        expr="vector(\n  " + "\n  ".join(parts) + "\n)",
        labels={names.SERVICE: service, names.ZONE: zone},
        comment=f"Seconds that {zone} is ahead of UTC, with every time it sets its clocks until {KNOWN_UNTIL}.",
    )


def _epoch(moment: datetime) -> str:
    return f"{moment.timestamp():.0f}"
