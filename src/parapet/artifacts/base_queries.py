"""What the base rules of a slice say, as expressions over raw metrics alone: history that no rule recorded."""

from __future__ import annotations

from parapet.artifacts.base import REMEMBERED_SECONDS, Judged, base_rules, last_told
from parapet.artifacts.cost import selectors
from parapet.core.errors import ConfigurationError
from parapet.slo import series
from parapet.slo.history import Ages, Counts
from parapet.slo.sli import LastSuccess


def base_queries(one: Judged, base_window_seconds: float, scrape_seconds: float) -> Counts | Ages:
    """What to ask for the history of *one*, with every recorded series written out.

    Raises:
        ConfigurationError: an expression reads a series that only rules can know.
    """
    if isinstance(one.sli, LastSuccess):
        within = one.sli.within_seconds
        return Ages(told=last_told(one, one.sli), within_seconds=within, forgotten_seconds=within + REMEMBERED_SECONDS)
    rules = {rule.record: rule.expr for rule in base_rules(one, base_window_seconds, scrape_seconds)}
    events = rules[series.EVENTS]
    recorded = f"{series.EVENTS}{series.matching(one.service, one.name)}"
    bad = rules[series.BAD_EVENTS].replace(recorded, f"(\n{events}\n)")
    for name, _ in (*selectors(events), *selectors(bad)):
        if name in rules:
            raise ConfigurationError(
                f"The history of {one.name!r} cannot be read from raw metrics: its rules build on {name}."
            )
    return Counts(bad=bad, events=events)
