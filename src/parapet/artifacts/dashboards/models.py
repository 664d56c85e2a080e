"""What models do: what guardrails let through, which tools fail, what evaluations say, and who waits for a person."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import DAY, Board, Heading, Line, choice, refresh, span
from parapet.artifacts.dashboards.look import Scale, Tone, at_least, some_are, tones_of
from parapet.artifacts.dashboards.marks import alerts, changes
from parapet.artifacts.dashboards.panels import HALF, WIDE, About, Query, figure, lines, ranking
from parapet.artifacts.dashboards.queries import any_of, grown, legend, rate, share
from parapet.artifacts.dashboards.tiles import promises
from parapet.core import names, vocabulary
from parapet.core.settings import Wiring
from parapet.core.vocabulary import ApprovalOutcome, DelayBucket, EvaluationOutcome, GuardrailOutcome, ToolOutcome
from parapet.slo.catalog import Catalog
from parapet.slo.packs.ai import ANSWERED, KEPT_BACK
from parapet.slo.series import quoted
from parapet.slo.sli import reads_any

FAMILIES = (names.AI_GUARDRAIL, names.AI_TOOL, names.AI_EVALUATION, names.AI_APPROVAL, names.AI_APPROVAL_BACKLOG)
FIGURE = 4
MOST = 10
GOOD_OR_NOT: Scale = at_least(0.9, 0.99)


def models(catalog: Catalog, wiring: Wiring) -> Board | None:
    """The dashboard of what models do; None if nothing is promised of them."""
    service = catalog.service
    mine = [one for one in catalog if reads_any(one.sli, FAMILIES)]
    if not mine:
        return None
    found = f"label_values({names.AI_GUARDRAIL}{{job={quoted(service)}}}, {names.INTEGRATION})"
    return Board(
        page="models",
        service=service,
        title=f"{service}: what models do",
        about="What guardrails let through, which tools fail, what evaluations say, and who waits for a person.",
        span=span(catalog.burn, DAY // 4),
        refresh=refresh(wiring),
        variables=(choice("integration", "Assistant", found),),
        marks=(*alerts(any_of(service, mine), mine, catalog.burn), *changes(service)),
        lines=(
            Line(height=4, panels=_figures(service)),
            *promises(service, mine),
            Heading(title="How it went"),
            Line(height=8, panels=_outcomes(service)[:2]),
            Line(height=8, panels=_outcomes(service)[2:]),
            Heading(title="Where, and why"),
            Line(height=8, panels=_reasons(service)),
        ),
    )


def _mine(service: str, label: str = "", *values: str) -> str:
    of = f',{label}=~"{"|".join(values)}"' if values else ""
    return f'{{job={quoted(service)},{names.INTEGRATION}=~"$integration"{of}}}'


def _figures(service: str) -> tuple[schema.Panel, ...]:
    def ended(metric: str, *outcomes: str) -> str:
        return grown(metric, _mine(service, names.OUTCOME, *outcomes))

    tools, judged = ToolOutcome, EvaluationOutcome
    waits = grown(names.AI_APPROVAL_BACKLOG, _mine(service))
    stale = grown(names.AI_APPROVAL_BACKLOG, _mine(service, names.DELAY_BUCKET, DelayBucket.OVER_1H))
    shares = (
        (
            "Answers that pass",
            "The guardrails, corrected or not.",
            share(ended(names.AI_GUARDRAIL, *ANSWERED), ended(names.AI_GUARDRAIL, *ANSWERED, *KEPT_BACK)),
        ),
        (
            "Tools that work",
            "Of the calls that worked or failed.",
            share(ended(names.AI_TOOL, tools.SUCCEEDED), ended(names.AI_TOOL, tools.SUCCEEDED, tools.FAILED)),
        ),
        (
            "Answers found good",
            "By evaluations that could say.",
            share(ended(names.AI_EVALUATION, judged.PASSED), ended(names.AI_EVALUATION, judged.PASSED, judged.FAILED)),
        ),
    )
    counts = (
        (
            "Guardrails were blind",
            "They crashed: nobody knows what they would have said.",
            ended(names.AI_GUARDRAIL, GuardrailOutcome.CRASHED),
            some_are(Tone.PAGE),
            "short",
        ),
        (
            "Nobody decided in time",
            "Approvals that expired.",
            ended(names.AI_APPROVAL, ApprovalOutcome.EXPIRED),
            some_are(Tone.TICKET),
            "short",
        ),
        (
            "Approvals stale",
            "Looks at which somebody had waited for a person for more than an hour.",
            share(stale, waits),
            some_are(Tone.TICKET),
            "percentunit",
        ),
    )
    return (
        *(
            figure(
                About(title=title, text=f"{text} In the time shown.", width=FIGURE, unit="percentunit"),
                Query(expr=expr, now=True),
                colours=GOOD_OR_NOT,
                decimals=1,
            )
            for title, text, expr in shares
        ),
        *(
            figure(
                About(title=title, text=f"{text} In the time shown.", width=FIGURE, unit=unit),
                Query(expr=expr, now=True),
                colours=colours,
                decimals=0,
            )
            for title, text, expr, colours, unit in counts
        ),
    )


def _outcomes(service: str) -> tuple[schema.Panel, ...]:
    shown = (
        ("What guardrails did", names.AI_GUARDRAIL, names.OUTCOME),
        ("How tools ended", names.AI_TOOL, names.OUTCOME),
        ("What evaluations said", names.AI_EVALUATION, names.OUTCOME),
        ("What waits for a person, by how long", names.AI_APPROVAL_BACKLOG, names.DELAY_BUCKET),
    )
    return tuple(
        lines(
            About(title=title, text="A second.", width=HALF, unit="eps"),
            Query(expr=rate(metric, _mine(service), label), legend=legend(label)),
            stacked=True,
            tones=tones_of(vocabulary.LABELS[metric][label] or ()),
        )
        for title, metric, label in shown
    )


def _reasons(service: str) -> tuple[schema.Panel, ...]:
    shown = (
        ("What was kept back", names.AI_GUARDRAIL, names.GUARDRAIL, KEPT_BACK),
        ("Which tools fail", names.AI_TOOL, names.TOOL, (ToolOutcome.FAILED,)),
        ("What was found wanting", names.AI_EVALUATION, names.EVALUATION, (EvaluationOutcome.FAILED,)),
    )
    return tuple(
        ranking(
            About(title=title, text="In the time shown, by reason.", width=WIDE // 3, nothing="none in this time"),
            Query(
                expr=f"topk({MOST}, {grown(metric, _mine(service, names.OUTCOME, *bad), label, names.REASON)} > 0)",
                legend=legend(label, names.REASON),
                now=True,
            ),
            colours=(Tone.PAGE,),
        )
        for title, metric, label, bad in shown
    )
