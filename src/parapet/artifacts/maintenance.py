"""Maintenance windows to recording rules: 0 or 1, computed from the time alone, clocks that are set included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from parapet.artifacts.rules import Group, Rule
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.burn import DAY
from parapet.slo.catalog import Catalog
from parapet.slo.maintenance import KNOWN_FROM, KNOWN_UNTIL, Maintenance, Once, Weekly, Window, offsets

WEEK = 7 * DAY
MONDAY = 3 * DAY
"""Seconds from a Monday's midnight to the epoch, a Thursday's."""


def maintenance_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group with every maintenance of the service; none without any."""
    if not catalog.maintenances:
        return ()
    zones = sorted({each.zone for one in catalog.maintenances for each in one.windows if isinstance(each, Weekly)})
    rules = (
        *(_offset_rule(zone, catalog.service) for zone in zones if len(offsets(zone)) > 1),
        *(_active_rule(one, catalog.service) for one in catalog.maintenances),
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
