"""Diagnostics: what is worth a look and promises nothing. And the words with which everything judged is introduced."""

from __future__ import annotations

from urllib.parse import urlencode

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.base import Judged
from parapet.artifacts.dashboards.board import Heading, Line
from parapet.artifacts.dashboards.look import Tone
from parapet.artifacts.dashboards.panels import HALF, About, Query, lines, note, ranking
from parapet.artifacts.dashboards.queries import legend, where
from parapet.artifacts.dashboards.raw import raw_lines
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.budget import percent
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.durations import spoken

CALM = "no events"


def workbench_of(one: Judged, wiring: Wiring) -> str:
    """Where the workbench shows *one*: its latest incident, or the queue."""
    return f"{wiring.workbench_url}/go?{urlencode({names.SERVICE: one.service, names.SLICE: one.name})}"


def events_of(one: Judged) -> str:
    """The recorded series of its events within the base window."""
    return series.DIAGNOSTIC_EVENTS if isinstance(one, Diagnostic) else series.EVENTS


def words_about(one: Judged, wiring: Wiring) -> schema.Panel:
    """What counts as good, whose it is, and where its incidents are."""
    sentences = [one.description] if one.description else []
    if one.owner:
        sentences.append(f"Owner: {one.owner}.")
    sentences.append(f"[Its incidents in the workbench]({workbench_of(one, wiring)})")
    return note(" ".join(sentences))


def watched(one: Diagnostic, window_seconds: float, wiring: Wiring) -> list[Heading | Line]:
    """The section of one diagnostic on the dashboard of its subject."""
    limit = one.threshold_ratio
    bad, events = (f"sum({name}{where(one)})" for name in (series.DIAGNOSTIC_BAD_EVENTS, series.DIAGNOSTIC_EVENTS))
    return [
        Heading(title=f"{one.title}: worth a look above {percent(limit)}"),
        Line(height=2, panels=(words_about(one, wiring),)),
        Line(
            height=8,
            panels=(
                lines(
                    About(
                        title=f"Share of bad events over {spoken(window_seconds)}",
                        text="Above the line, beyond chance, it is a ticket. Nothing is promised about it.",
                        width=HALF,
                        unit="percentunit",
                        nothing=CALM,
                    ),
                    Query(
                        expr=f"{series.DIAGNOSTIC_RATIO}{where(one)}",
                        legend=legend(*one.group_by) or "bad",
                        tone=None if one.group_by else Tone.TICKET,
                    ),
                    limits=(Tone.NONE, (limit, Tone.TICKET)),
                    soft_most=min(2 * limit, 1.0),
                ),
                lines(
                    About(title="Events", text="Good ones below, bad ones on top.", width=HALF, nothing=CALM),
                    Query(expr=f"{events} - {bad}", legend="good", tone=Tone.GOOD),
                    Query(expr=bad, legend="bad", tone=Tone.TICKET),
                    stacked=True,
                ),
            ),
        ),
        *raw_lines(one, timed=False),
    ]


def all_watched(catalog: Catalog) -> tuple[Heading | Line, ...]:
    """Every diagnostic of the chosen services beside its threshold; nothing if there are none."""
    if not catalog.diagnostics:
        return ()
    chosen, promise = f'{{{names.SERVICE}=~"$service"}}', f"{names.SERVICE}, {names.SLICE}"
    limits = f"{series.DIAGNOSTIC_THRESHOLD}{chosen}"
    ratio = f"max by ({promise}) ({series.DIAGNOSTIC_RATIO}{chosen})"
    against = f"{ratio}\n/ on ({promise}) group_left ({names.TITLE})\n{limits}"
    text = "Each as a share of what is worth a look: at 100 % a ticket is raised, beyond chance. None of them pages."
    return (
        Heading(title="Worth a look"),
        Line(
            height=8,
            panels=(
                lines(
                    About(title="Diagnostics", text=text, width=HALF, unit="percentunit", nothing=CALM),
                    Query(expr=against, legend=legend(names.TITLE)),
                    limits=(Tone.NONE, (1.0, Tone.TICKET)),
                    soft_most=1.2,
                ),
                ranking(
                    About(title="Diagnostics now", text=text, width=HALF, unit="percentunit", nothing=CALM),
                    Query(expr=f"sort_desc({against})", legend=legend(names.TITLE), now=True),
                    colours=(Tone.NONE, (1.0, Tone.TICKET)),
                ),
            ),
        ),
    )
