"""What dashboards mark in time: alerts of ours, and what changed."""

from __future__ import annotations

from collections.abc import Iterable

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.base import Judged
from parapet.artifacts.dashboards.board import mark
from parapet.artifacts.dashboards.look import SEVERITY_TONES, Tone
from parapet.artifacts.dashboards.queries import firing
from parapet.core import names
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.durations import prometheus_duration
from parapet.slo.slice import Slice

STEPS_PER_BASE = 5
"""How finely marks are looked for: what is shorter may be missed."""


CHANGES = (
    ("Flags and settings", ("flag", "config", "migration", "ai_model"), Tone.STALE),
    ("Providers", ("provider",), Tone.NONE),
)


TOLD = "The workbench says what changed, and who changed it."


def changes(service: str) -> tuple[schema.AnnotationQuery, ...]:
    """What was changed, deploys with their version, each at the moment at which it was: the series' value.

    Args:
        service: the scrape job, or a pattern of them.
    """
    service = service.replace(".", "[.]")
    released = f'max by ({names.KIND}, {names.VERSION}) ({names.RELEASE}{{job=~"{service}"}}) * 1000'
    last = f'max by ({names.KIND}) ({names.CHANGE_LAST}{{job=~"{service}",{names.KIND}=~"%s"}}) * 1000'
    deploys = mark(
        "Deploys",
        released,
        Tone.ACCENT,
        title=f"{{{{{names.KIND}}}}} {{{{{names.VERSION}}}}}",
        text=TOLD,
        value_is_time=True,
    )
    others = (
        mark(
            name,
            last % "|".join(kinds),
            tone,
            title=f"{{{{{names.KIND}}}}}",
            text=TOLD,
            value_is_time=True,
        )
        for name, kinds, tone in CHANGES
    )
    return deploys, *others


def alerts(selected: str, judged: Iterable[Judged], policy: BurnPolicy) -> tuple[schema.AnnotationQuery, ...]:
    """Pages, tickets and diagnostics while they fire, in their tones; of those only what *judged* may raise.

    Args:
        selected: of which promises, as a selector.
    """
    everything = tuple(judged)
    raised = {severity for one in everything if isinstance(one, Slice) for severity in one.severities}
    asked = [
        (severity.value.capitalize(), series.ALERTS[severity], tone)
        for severity, tone in SEVERITY_TONES.items()
        if severity in raised
    ]
    if any(isinstance(one, Diagnostic) for one in everything):
        asked.append(("Diagnostic", names.ALERT_DIAGNOSTIC, Tone.NONE))
    return tuple(
        mark(
            f"{name}s",
            firing(selected, alert),
            tone,
            title=f"{name}: {{{{{names.SLICE}}}}}",
            text=f"{{{{{names.SERVICE}}}}}",
            step=prometheus_duration(policy.base_window_seconds / STEPS_PER_BASE),
        )
        for name, alert, tone in asked
    )
