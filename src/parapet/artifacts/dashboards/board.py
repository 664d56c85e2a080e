"""A dashboard as a value: lines of panels, what can be chosen, what is marked in time; and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.panels import DATASOURCE, WIDE
from parapet.artifacts.dashboards.places import TAG, uid_of
from parapet.artifacts.render import GENERATED
from parapet.core.errors import ConfigurationError
from parapet.core.settings import Wiring
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration

FASTEST_REFRESH_SECONDS = 5.0
FOLDED = "inControlsMenu"
WRITTEN = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
"""A line for each value, so that a change is a line or two of a diff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A row that can be folded."""

    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Panels side by side, equally high; their widths fill the line."""

    height: int
    panels: tuple[schema.Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    page: str
    """What it is called among the dashboards of its service: `overview`."""
    service: str
    title: str
    about: str
    """A sentence: what it answers."""
    lines: tuple[Heading | Line, ...]
    variables: tuple[schema.VariableModel, ...] = ()
    """Beside the data source."""
    marks: tuple[schema.AnnotationQuery, ...] = ()
    links: tuple[schema.DashboardLink, ...] = ()
    span: str
    """How far back it looks when it is opened, as Prometheus writes durations."""
    refresh: str

    @property
    def uid(self) -> str:
        """How Grafana tells it from all others, and how links find it."""
        return uid_of(self.service, self.page)


DAY = 288
"""In base windows: 288 of 5 minutes are a day."""


def span(policy: BurnPolicy, base_windows: int) -> str:
    """How far back to look: so many base windows. Scaled down policies look back less."""
    return prometheus_duration(base_windows * policy.base_window_seconds)


def refresh(wiring: Wiring) -> str:
    """How often to look again: there is nothing new before the rules were evaluated, and nobody sees it sooner."""
    return prometheus_duration(max(2 * wiring.evaluation_interval_seconds, FASTEST_REFRESH_SECONDS))


def rendered(board: Board) -> str:
    """The text of its file: the sentence that says whose it is, and then what Grafana needs.

    Raises:
        ConfigurationError: a line of panels is not as wide as the page.
    """
    tags = [TAG, f"{TAG}:{board.service}"]
    whole = (
        build.Dashboard(board.title)
        .uid(board.uid)
        .tags(tags)
        .time(f"now-{board.span}", "now")
        .refresh(board.refresh)
        .timezone("browser")
        .tooltip(schema.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .build()
    )
    whole.panels = _placed(board.lines)
    whole.templating = schema.DashboardDashboardTemplating(list_val=[_datasource(), *board.variables])
    whole.annotations = schema.AnnotationContainer(list_val=list(board.marks))
    whole.links = [*board.links, _siblings(board.service)]
    about = {"description": f"{GENERATED} {board.about}"}
    return orjson.dumps({**about, **_told(whole)}, _told, WRITTEN).decode()


def _placed(lines: Sequence[Heading | Line]) -> list[schema.Panel | schema.RowPanel]:
    placed: list[schema.Panel | schema.RowPanel] = []
    top = 0
    for line in lines:
        if isinstance(line, Heading):
            place = schema.GridPos(h=1, w=WIDE, x=0, y=top)
            placed.append(schema.RowPanel(title=line.title, grid_pos=place, id_val=len(placed) + 1, panels=[]))
            top += 1
            continue
        left = 0
        for panel in line.panels:
            width = panel.grid_pos.w if panel.grid_pos else 0
            panel.grid_pos = schema.GridPos(h=line.height, w=width, x=left, y=top)
            panel.id_val = len(placed) + 1
            placed.append(panel)
            left += width
        if left != WIDE:
            titles = ", ".join(repr(panel.title) for panel in line.panels)
            raise ConfigurationError(f"The panels {titles} are {left} columns wide together; expected {WIDE}.")
        top += line.height
    return placed


def choice(
    name: str, label: str, query: str, *, current: str | None = None, description: str = ""
) -> schema.VariableModel:
    """Something to choose, one or several, among what *query* finds; all of them unless *current* is given."""
    option = schema.VariableOption(selected=True, text=[current or "All"], value=[current or "$__all"])
    return (
        build.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(DATASOURCE)
        .query(query)
        .refresh(schema.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(schema.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(option)
        .build()
    )


def mark(
    name: str, expr: str, tone: str, *, title: str, text: str, step: str = "1m", value_is_time: bool = False
) -> schema.AnnotationQuery:
    """Moments, or stretches of time, that every panel marks: where *expr* has samples above 0.

    Args:
        value_is_time: the samples say when, in milliseconds.
    """
    return (
        build.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(tone)
        .expr(expr)
        .step(step)
        .title_format(title)
        .text_format(text)
        .use_value_for_time(value_is_time)
        .build()
    )


def link(title: str, url: str, *, tooltip: str = "", icon: str = "external link") -> schema.DashboardLink:
    """An address to go to, in a window of its own."""
    return (
        build.DashboardLink(title)
        .type(schema.DashboardLinkType.LINK)
        .url(url)
        .tooltip(tooltip)
        .icon(icon)
        .target_blank(True)
        .build()
    )


def _told(node: object) -> dict[str, object]:
    """*node* of the schema library, without the constant by which it moves every link and mark into a folded menu."""
    told: dict[str, object] = node.to_json()  # type: ignore[attr-defined]  # each of them has it
    if told.get("placement") == FOLDED:
        del told["placement"]
    return told


def _siblings(service: str) -> schema.DashboardLink:
    """A menu of the service's other dashboards, which keeps the range of time."""
    return (
        build.DashboardLink("Dashboards")
        .type(schema.DashboardLinkType.DASHBOARDS)
        .tags([f"{TAG}:{service}"])
        .as_dropdown(True)
        .keep_time(True)
        .icon("dashboard")
        .build()
    )


def _datasource() -> schema.VariableModel:
    return build.DatasourceVariable("datasource").label("Data source").type("prometheus").build()
