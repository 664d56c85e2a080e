"""What the catalog says of a slice, as the value that reading an incident needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from parapet.core import contract
from parapet.incidents.promise import Kind, Promise
from parapet.incidents.sightings import NARROWING, NOTHING, ROOMS, Concern
from parapet.ops.maintain import Scope
from parapet.response.maintenance import PlannedMaintenance
from parapet.slo.budget import percent
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.durations import spoken
from parapet.slo.maintenance import Maintenance, Once, ends_at
from parapet.slo.raw import Raw
from parapet.slo.selector import Match
from parapet.slo.sli import EventRatio, Freshness, JobOutcome, LastSuccess, LatencyRatio, ProbeRuns, Sli
from parapet.slo.slice import Slice


def promises_of(catalog: Catalog) -> dict[str, Promise]:
    """Every slice and diagnostic of *catalog*, by name."""
    found: dict[str, Promise] = {}
    for one in catalog.judged:
        if isinstance(one, Diagnostic):
            over = spoken(catalog.window_of(one))
            kind, said = Kind.DIAGNOSTIC, f"Nothing is promised: more than {percent(one.threshold_ratio)} of the events"
            said += f" over {over} is worth a look."
        else:
            kind, said = (
                _kind(one.sli),
                f"{percent(one.objective)} over {spoken(catalog.policy_of(one).period_seconds)}",
            )
            said += f": {one.title}."
        found[one.name] = Promise(
            kind=kind, name=one.name, title=one.title, said=said, bad=one.sli.bad_words, concern=concern_of(one)
        )
    return found


def rest_of(catalog: Catalog) -> Callable[[str, datetime], datetime | None]:
    """Says until when a slice, by name, is under maintenance that is so at a moment; None: it is not."""

    def resting(name: str, now: datetime) -> datetime | None:
        return ends_at([one for one in catalog.maintenances if one.concerns(name)], now)

    return resting


def as_maintenances(planned: Sequence[PlannedMaintenance]) -> tuple[Maintenance, ...]:
    """What people let rest, as the code would say it."""
    return tuple(
        Maintenance(
            name=f"by-hand-{one.number}",
            windows=(Once(start=one.start, end=one.end),),
            slices=one.slices,
            reason=one.reason,
        )
        for one in planned
    )


def scope_of(catalog: Catalog) -> Scope:
    """What of the service can rest."""
    journeys: dict[str, tuple[str, ...]] = {}
    for one in catalog:
        if one.journey is not None:
            journeys[one.journey] = (*journeys.get(one.journey, ()), one.name)
    return Scope(slices=[one.name for one in catalog.judged], journeys=journeys)


def concern_of(promise: Slice | Diagnostic) -> Concern:
    """Which sightings *promise* is about: those of its families' rooms, with the values that it names."""
    if isinstance(promise.sli, Raw | LastSuccess):
        return NOTHING
    total = promise.sli.counted.total
    room = contract.SIGNALS.get(total.family.name, "").partition(".")[0]
    named = {one.label: frozenset(one.values) for one in total.selector if one.match is Match.ONE_OF}
    fields = {label: values for label, values in named.items() if label in NARROWING}
    return Concern(rooms=frozenset({room}), fields=fields) if room in ROOMS else NOTHING


def _kind(sli: Sli) -> Kind:
    match sli:
        case EventRatio():
            return Kind.EVENTS
        case LatencyRatio():
            return Kind.LATENCY_NATIVE if sli.family.native else Kind.LATENCY
        case Freshness():
            return Kind.FRESHNESS
        case JobOutcome():
            return Kind.JOB
        case ProbeRuns():
            return Kind.PROBE
        case LastSuccess():
            return Kind.LAST_SUCCESS
    return Kind.RAW
