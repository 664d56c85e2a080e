"""What others deliver for us: handed over, accepted, delivered and heard back are four different things."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import DAY, Board, Heading, Line, choice, refresh, span
from parapet.artifacts.dashboards.look import Tone, at_least, some_are, tones_of
from parapet.artifacts.dashboards.marks import alerts, changes
from parapet.artifacts.dashboards.panels import HALF, WIDE, About, Query, figure, lines, ranking
from parapet.artifacts.dashboards.queries import any_of, grown, legend, rate, share
from parapet.artifacts.dashboards.tiles import promises
from parapet.core import names, vocabulary
from parapet.core.settings import Wiring
from parapet.core.vocabulary import DeliveryOutcome, FailureClass, FaultPlane
from parapet.slo.catalog import Catalog
from parapet.slo.series import quoted
from parapet.slo.sli import reads_any

OUT, SAID, HEARD = names.DELIVERY_OUTBOUND, names.DELIVERY_FEEDBACK, names.DELIVERY_WEBHOOK
FAMILIES = (OUT, SAID, HEARD)
THIRD = WIDE // 3
LATE = vocabulary.delay_buckets_beyond(300.0)
"""Callbacks later than five minutes."""
_D = DeliveryOutcome
ENDS = (_D.DELIVERED, _D.FAILED, _D.BOUNCED)
CHOICES = (names.INTEGRATION, names.PROVIDER, names.CHANNEL)


def deliveries(catalog: Catalog, wiring: Wiring) -> Board:
    """The dashboard of the delivery planes."""
    service = catalog.service
    mine = [one for one in catalog if reads_any(one.sli, FAMILIES)]
    return Board(
        page="deliveries",
        service=service,
        title=f"{service}: deliveries",
        about="What we handed over, what the provider took, what reached people, and what we heard back.",
        span=span(catalog.burn, DAY // 4),
        refresh=refresh(wiring),
        variables=tuple(
            choice(label, label.capitalize(), f"label_values({OUT}{{job={quoted(service)}}}, {label})")
            for label in CHOICES
        ),
        marks=(*alerts(any_of(service, mine), mine, catalog.burn), *changes(service)),
        lines=(
            Line(height=4, panels=_figures(service)),
            *promises(service, mine),
            Heading(title="From us to the person"),
            Line(height=9, panels=(_journey(service), _planes(service))),
            Line(height=9, panels=_outcomes(service)),
            Heading(title="Why, and with whom"),
            Line(height=8, panels=_reasons(service)),
        ),
    )


def _mine(service: str, *further: str) -> str:
    chosen = (f'{label}=~"${label}"' for label in CHOICES)
    return "{" + ",".join((f"job={quoted(service)}", *chosen, *further)) + "}"


def _ended(service: str, *outcomes: str) -> str:
    return _mine(service, f'{names.OUTCOME}=~"{"|".join(outcomes)}"')


def _figures(service: str) -> tuple[schema.Panel, ...]:
    taken = grown(OUT, _ended(service, _D.ACCEPTED))
    arrived = grown(SAID, _ended(service, _D.DELIVERED))
    ends = grown(SAID, _ended(service, *ENDS))
    in_time = grown(HEARD, _mine(service, f'{names.DELAY_BUCKET}!~"{"|".join((*LATE, "other"))}"'))
    kept_back = grown(OUT, _ended(service, _D.SUPPRESSED))
    untaken = grown(HEARD, _mine(service, f'{names.FAILURE_CLASS}="{FailureClass.INVALID_CALLBACK}"'))
    shares = (
        (
            "Taken by the provider",
            "Of what we handed over for good. Taken is not yet delivered.",
            share(taken, grown(OUT, _ended(service, _D.ACCEPTED, _D.FAILED))),
        ),
        ("Reached the person", "Of what the provider told an end of.", share(arrived, ends)),
        ("Heard back in 5 minutes", "Of the callbacks that came.", share(in_time, grown(HEARD, _mine(service)))),
    )
    counts = (
        (
            "Taken, no end heard",
            "Accepted by the provider, and not yet told whether it arrived. Below 0: ends of earlier ones.",
            f"{taken} - {ends}",
            (Tone.NONE,),
        ),
        ("Not sent on purpose", "A list says not to send to them.", kept_back, some_are(Tone.STALE)),
        ("Callbacks not understood", "They came, and we could not take them.", untaken, some_are(Tone.PAGE)),
    )
    return (
        *(
            figure(
                About(title=title, text=f"{text} In the time shown.", width=4, unit="percentunit"),
                Query(expr=expr, now=True),
                colours=at_least(0.9, 0.99),
                decimals=1,
            )
            for title, text, expr in shares
        ),
        *(
            figure(
                About(title=title, text=f"{text} In the time shown.", width=4),
                Query(expr=expr, now=True),
                colours=colours,
                decimals=0,
            )
            for title, text, expr, colours in counts
        ),
    )


def _journey(service: str) -> schema.Panel:
    asked = (
        ("attempted", OUT, (_D.ATTEMPTED,), Tone.ACCENT),
        ("accepted by the provider", OUT, (_D.ACCEPTED,), Tone.NONE),
        ("delivered", SAID, (_D.DELIVERED,), Tone.GOOD),
        ("bounced or failed", SAID, (_D.BOUNCED, _D.FAILED), Tone.PAGE),
        ("suppressed", OUT, (_D.SUPPRESSED,), Tone.STALE),
    )
    return lines(
        About(
            title="Handed over, accepted, delivered",
            text="A second. A gap below attempted is between us and the provider, one below accepted is behind it.",
            width=HALF,
            unit="eps",
        ),
        *(
            Query(expr=rate(metric, _ended(service, *outcomes)), legend=name, tone=tone)
            for name, metric, outcomes, tone in asked
        ),
    )


def _planes(service: str) -> schema.Panel:
    faulty = _mine(service, f'{names.FAULT_PLANE}!~"{FaultPlane.NONE}|{FaultPlane.SUPPRESSION}"')
    steps = (("handing over", OUT), ("arriving", SAID), ("calling back", HEARD))
    return lines(
        About(
            title="Where faults lie",
            text="A second, by the step that went wrong and whose fault it is. Suppression is no fault.",
            width=HALF,
            unit="eps",
        ),
        *(
            Query(expr=rate(metric, faulty, names.FAULT_PLANE), legend=f"{step}: {legend(names.FAULT_PLANE)}")
            for step, metric in steps
        ),
        stacked=True,
    )


def _outcomes(service: str) -> tuple[schema.Panel, ...]:
    shown = (
        ("Handing over", "How it ended; attempted is left out.", OUT, names.OUTCOME, f'{names.OUTCOME}!="attempted"'),
        ("What the provider says", "Of what it had accepted.", SAID, names.OUTCOME, ""),
        ("Callbacks, by how late", "After what they tell of.", HEARD, names.DELAY_BUCKET, ""),
    )
    return tuple(
        lines(
            About(title=title, text=f"A second. {text}", width=THIRD, unit="eps"),
            Query(expr=rate(metric, _mine(service, *filter(None, (further,))), label), legend=legend(label)),
            stacked=True,
            tones=tones_of(vocabulary.LABELS[metric][label] or ()),
        )
        for title, text, metric, label, further in shown
    )


def _reasons(service: str) -> tuple[schema.Panel, ...]:
    failed = _mine(service, f'{names.FAILURE_CLASS}!="{FailureClass.NONE}"')
    by_provider = (names.INTEGRATION, names.PROVIDER)
    arrived = share(
        grown(SAID, _ended(service, _D.DELIVERED), *by_provider), grown(SAID, _ended(service, *ENDS), *by_provider)
    )
    return (
        *(
            ranking(
                About(title=title, text="In the time shown, by reason.", width=THIRD, nothing="none in this time"),
                Query(
                    expr=f"sort_desc({grown(metric, failed, names.FAILURE_CLASS)} > 0)",
                    legend=legend(names.FAILURE_CLASS),
                    now=True,
                ),
                colours=(Tone.TICKET,),
            )
            for title, metric in (("Why handing over failed", OUT), ("Why it did not arrive", SAID))
        ),
        ranking(
            About(
                title="Reached the person, by provider",
                text="Of what the provider told an end of, in the time shown.",
                width=THIRD,
                unit="percentunit",
            ),
            Query(expr=f"sort({arrived})", legend=legend(*by_provider), now=True),
            colours=at_least(0.9, 0.99),
            most=1,
        ),
    )
