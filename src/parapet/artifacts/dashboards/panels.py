"""Panels as Grafana's schema has them: a title that answers, a sentence that explains, a unit, a meaning in colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, heatmap, prometheus, stat, statetimeline, table, text
from grafana_foundation_sdk.builders import timeseries as curves
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as shape
from grafana_foundation_sdk.models import dashboard as schema
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import Dataquery, PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

from parapet.artifacts.dashboards.look import ONLY_A_NUMBER, Scale, Tone, scale

DATASOURCE = shape.DataSourceRef(type_val="prometheus", uid="${datasource}")
NOTHING = "nothing yet"
WIDE = 24
HALF = 12
COLOUR = "color"
"""A column's or a curve's property."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a panel asks, and what it calls the answer."""

    expr: str
    legend: str = ""
    """With {{labels}}; empty: the labels that differ."""
    now: bool = False
    """Only the newest value, not how it went."""
    tone: Tone | None = None
    """The colour of its curves; None: as the legend says, or as Grafana likes."""
    dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What every panel has."""

    title: str
    text: str
    """What it says and how to read it: the panel's description."""
    width: int = HALF
    """In columns of 24."""
    unit: str = "short"
    nothing: str = NOTHING
    """What stands there while there is no series."""
    links: tuple[schema.DashboardLink, ...] = ()
    """Where a click on a value leads."""


def figure(
    about: About,
    query: Query,
    *,
    colours: Scale = ONLY_A_NUMBER,
    decimals: int | None = None,
    named: bool = False,
    meanings: Sequence[schema.ValueMapping] = (),
) -> schema.Panel:
    """Large numbers, one for each series, over a sketch of how they went.

    Args:
        named: say which series it is.
    """
    panel = (
        stat.Panel()
        .color_mode(shape.BigValueColorMode.VALUE)
        .graph_mode(shape.BigValueGraphMode.NONE if query.now else shape.BigValueGraphMode.AREA)
        .text_mode(shape.BigValueTextMode.VALUE_AND_NAME if named else shape.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .mappings(list(meanings))
    )
    if decimals is not None:
        panel.decimals(decimals)
    return _finished(panel, about, (query,), colours)


def lines(
    about: About,
    *queries: Query,
    limits: Scale | None = None,
    most: float | None = None,
    soft_most: float | None = None,
    tones: Mapping[str, Tone] | None = None,
    stacked: bool = False,
    step: str | None = None,
    span: str | None = None,
) -> schema.Panel:
    """Curves over time; or, *stacked*, what a whole is made of.

    Args:
        limits: lines across the panel, in the tones that begin there.
        soft_most: the axis reaches at least so far; *most*: and exactly so far.
        tones: legend -> tone.
        step: the smallest distance of two points, as Prometheus writes durations.
        span: how far back this panel looks, whatever the dashboard's range is.
    """
    panel = (
        curves.Panel()
        .line_width(1 if stacked else 2)
        .fill_opacity(55 if stacked else 6)
        .axis_soft_min(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(shape.LegendDisplayMode.LIST)
            .placement(shape.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(shape.TooltipDisplayMode.MULTI).sort(shape.SortOrder.DESCENDING))
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(shape.StackingMode.NORMAL).group("A"))
    if limits is not None:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shape.GraphThresholdsStyleMode.DASHED))
    if most is not None:
        panel.max(most)
    if soft_most is not None:
        panel.axis_soft_max(soft_most)
    if step is not None:
        panel.interval(step)
    if span is not None:
        panel.time_from(span)
    for name, tone in (tones or {}).items():
        panel.override_by_name(name, [property_of(COLOUR, fixed(tone))])
    for index, query in enumerate(queries):
        if looks := _looks(query):
            panel.override_by_query(_ref(index), looks)
    made = _finished(panel, about, queries, limits)
    _values(made).color = schema.FieldColor(mode=schema.FieldColorModeId.PALETTE_CLASSIC_BY_NAME)
    return made


def bands(about: About, *queries: Query, meanings: Sequence[schema.ValueMapping]) -> schema.Panel:
    """A coloured band for each series: which state it was in, when."""
    panel = (
        statetimeline.Panel()
        .mappings(list(meanings))
        .show_value(shape.VisibilityMode.NEVER)
        .row_height(0.85)
        .fill_opacity(85)
        .line_width(0)
        .legend(
            common.VizLegendOptions()
            .display_mode(shape.LegendDisplayMode.LIST)
            .placement(shape.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    return _finished(panel, about, queries, (Tone.NONE,))


def spread(about: About, query: Query) -> schema.Panel:
    """How durations are distributed over time: the darker, the more events took that long. *query* is by `le`."""
    panel = (
        heatmap.Panel()
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.OPACITY).fill(Tone.ACCENT).exponent(0.5).steps(64))
        .cell_gap(1)
        .y_axis(heatmap.YAxisConfig().unit(about.unit).axis_placement(shape.AxisPlacement.LEFT))
        .tooltip(heatmap.HeatmapTooltip().mode(shape.TooltipDisplayMode.SINGLE).y_histogram(True))
        .hide_legend()
    )
    return _finished(panel, about, (query,), None, PromQueryFormat.HEATMAP)


def ranking(about: About, query: Query, *, colours: Scale = ONLY_A_NUMBER, most: float | None = None) -> schema.Panel:
    """A bar for each series, as long as its newest value."""
    panel = (
        bargauge.Panel()
        .orientation(shape.VizOrientation.HORIZONTAL)
        .display_mode(shape.BarGaugeDisplayMode.BASIC)
        .value_mode(shape.BarGaugeValueMode.TEXT)
        .show_unfilled(True)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .min(0)
    )
    if most is not None:
        panel.max(most)
    return _finished(panel, about, (query,), colours)


def listing(
    about: About,
    *queries: Query,
    changes: Sequence[schema.DataTransformerConfig],
    columns: Mapping[str, Sequence[schema.DynamicConfigValue]],
) -> schema.Panel:
    """A table of newest values, a row for each series.

    Args:
        changes: how the answers become one table.
        columns: column -> how it is shown.
    """
    panel = table.Panel().show_header(True).transformations(list(changes))
    for name, properties in columns.items():
        panel.override_by_name(name, list(properties))
    return _finished(panel, about, queries, None, PromQueryFormat.TABLE)


def note(markdown: str, *, width: int = WIDE) -> schema.Panel:
    """Words, without a frame."""
    panel = text.Panel().mode(TextMode.MARKDOWN).content(markdown).transparent(True).build()
    panel.grid_pos = schema.GridPos(w=width)
    return panel


def fixed(tone: Tone) -> schema.FieldColor:
    """Always that tone."""
    return schema.FieldColor(mode=schema.FieldColorModeId.FIXED, fixed_color=tone)


def property_of(name: str, value: object) -> schema.DynamicConfigValue:
    """One property of a column or a curve."""
    return schema.DynamicConfigValue(id_val=name, value=value)


def _looks(query: Query) -> list[schema.DynamicConfigValue]:
    """How the curves of one query differ from others."""
    tone = [property_of(COLOUR, fixed(query.tone))] if query.tone else []
    dash = shape.LineStyle(fill="dash", dash=[10, 10])
    return tone + ([property_of("custom.lineStyle", dash)] if query.dashed else [])


def _finished(
    builder: Builder[schema.Panel],
    about: About,
    queries: Sequence[Query],
    colours: Scale | None,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> schema.Panel:
    panel = builder.build()
    panel.title, panel.description = about.title, about.text
    panel.grid_pos = schema.GridPos(w=about.width)
    panel.datasource = DATASOURCE
    panel.targets = [_target(query, index, form) for index, query in enumerate(queries)]
    values = _values(panel)
    values.unit, values.no_value = about.unit, about.nothing
    values.links = list(about.links) or None
    if colours is not None:
        values.thresholds = scale(*colours)
    return panel


def _values(panel: schema.Panel) -> schema.FieldConfig:
    if panel.field_config is None:
        panel.field_config = schema.FieldConfigSource()
    return panel.field_config.defaults


def _ref(index: int) -> str:
    return chr(ord("A") + index)


def _target(query: Query, index: int, form: PromQueryFormat) -> Dataquery:
    made = prometheus.Dataquery().expr(query.expr).ref_id(_ref(index)).datasource(DATASOURCE).format(form)
    if query.now or form is PromQueryFormat.TABLE:
        made.instant()
    else:
        made.range()
    if query.legend:
        made.legend_format(query.legend)
    return made.build()
