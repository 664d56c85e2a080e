"""The table of promises, those that need a person first, and where each of its rows leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.models import common as shape
from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.look import BUDGET, IN_MINUTES, STATES, Scale, scale
from parapet.artifacts.dashboards.panels import COLOUR, WIDE, About, Query, listing, property_of
from parapet.artifacts.dashboards.queries import CHOSEN, state, titled, worst
from parapet.core import names
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import spoken

PROMISE, STATE, BURN, LEFT = "Promise", "State", "Burn now", "Budget left"
MINUTES, EVENTS, GOOD, TOTAL = "Minutes left", "Events left", "Good now", "Events now"
STATE_WEIGHT = 1_000
"""A louder state outweighs any burn."""


def closer(kind: str) -> tuple[schema.DashboardLink, ...]:
    """From a value to its promise's own dashboard, and to the workbench.

    Args:
        kind: where Grafana keeps the labels: `__field.labels` of a series, `__data.fields` of a row.
    """

    def label(name: str) -> str:
        return f"${{{kind}.{name}}}"

    go = f"${{{kind}.{names.WORKBENCH}:raw}}/go"
    return (
        schema.DashboardLink(title="Look closer", url=f"/d/{label(names.DASHBOARD)}?${{__url_time_range}}"),
        schema.DashboardLink(
            title="Open in the workbench",
            url=f"{go}?{names.SERVICE}={label(names.SERVICE)}&{names.SLICE}={label(names.SLICE)}",
            target_blank=True,
        ),
    )


def worst_first(policy: BurnPolicy, burn: Scale) -> schema.Panel:
    """Every promise with its figures: the loudest state first and, among equals, the fastest burn.

    Args:
        burn: the tones of burn rates.
    """
    current = policy.current_window_seconds
    stands = state(CHOSEN)
    burns = worst("max", series.CURRENT_BURN, CHOSEN)
    capped = f"(clamp_max({burns}, {STATE_WEIGHT - 1}) or 0 * (\n{stands}\n))"
    asked = {
        STATE: titled(stands, CHOSEN),
        BURN: burns,
        LEFT: worst("min", series.BUDGET_REMAINING, CHOSEN),
        MINUTES: worst("min", series.BUDGET_REMAINING_MINUTES, CHOSEN),
        EVENTS: worst("min", series.BUDGET_REMAINING_EVENTS, CHOSEN),
        GOOD: f"1 - {worst('max', series.error_ratio_series(current), CHOSEN)}",
        TOTAL: f"sum by ({names.SERVICE}, {names.SLICE}) ({series.event_count_series(current)}{CHOSEN})",
        "Urgency": f"{STATE_WEIGHT} * (\n{stands}\n) + on ({names.SERVICE}, {names.SLICE}) {capped}",
    }
    values = {name: f"Value #{chr(ord('A') + index)}" for index, name in enumerate(asked)}
    return listing(
        About(
            title="Who is hurt first",
            text=f"The loudest state first, then the fastest burn. Now: the last {spoken(current)}. Of a promise that "
            "is judged by groups, the worst group. A budget's minutes are of total outage, its events bad ones.",
            width=WIDE,
        ),
        *(Query(expr=expr) for expr in asked.values()),
        changes=_one_table(values),
        columns=_columns(burn),
    )


def _one_table(values: Mapping[str, str]) -> Sequence[schema.DataTransformerConfig]:
    """A row for each promise, sorted, with columns named for people."""
    shown = {names.TITLE: PROMISE, names.SERVICE: "Service", **{value: name for name, value in values.items()}}
    order = [names.TITLE, *values.values(), names.SERVICE, names.SLICE]
    return (
        schema.DataTransformerConfig(id_val="merge", options={}),
        schema.DataTransformerConfig(id_val="sortBy", options={"sort": [{"field": values["Urgency"], "desc": True}]}),
        schema.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True, values["Urgency"]: True},
                "indexByName": {name: index for index, name in enumerate(order)},
                "renameByName": shown,
            },
        ),
    )


def _columns(burn: Scale) -> Mapping[str, Sequence[schema.DynamicConfigValue]]:
    coloured = property_of(COLOUR, schema.FieldColor(mode=schema.FieldColorModeId.THRESHOLDS))
    filled = property_of(
        "custom.cellOptions",
        shape.TableColoredBackgroundCellOptions(mode=shape.TableCellBackgroundDisplayMode.BASIC),
    )
    text = property_of("custom.cellOptions", shape.TableColorTextCellOptions())
    bar = property_of("custom.cellOptions", shape.TableBarGaugeCellOptions(mode=shape.BarGaugeDisplayMode.BASIC))
    hidden = (property_of("custom.hidden", True),)
    return {
        PROMISE: (property_of("links", closer("__data.fields")), property_of("custom.minWidth", 180)),
        STATE: (property_of("mappings", STATES), filled, property_of("custom.width", 170)),
        BURN: (coloured, text, property_of("thresholds", scale(*burn)), property_of("decimals", 1)),
        LEFT: (
            coloured,
            bar,
            property_of("thresholds", scale(*BUDGET)),
            property_of("unit", "percentunit"),
            property_of("min", 0),
            property_of("max", 1),
            property_of("custom.minWidth", 220),
        ),
        MINUTES: (property_of("unit", IN_MINUTES), property_of("decimals", 1)),
        EVENTS: (property_of("unit", "short"), property_of("decimals", 0)),
        GOOD: (property_of("unit", "percentunit"), property_of("decimals", 2)),
        TOTAL: (property_of("unit", "short"), property_of("decimals", 0)),
        **dict.fromkeys((names.SLICE, names.DASHBOARD, names.WORKBENCH), hidden),
    }
