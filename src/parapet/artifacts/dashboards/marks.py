"""What dashboards mark in time: alerts of ours, and what changed."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import mark
from parapet.artifacts.dashboards.look import SEVERITY_TONES
from parapet.artifacts.dashboards.queries import firing
from parapet.core import names
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration

STEPS_PER_BASE = 5
"""How finely marks are looked for: what is shorter may be missed."""


def alerts(selected: str, policy: BurnPolicy) -> tuple[schema.AnnotationQuery, ...]:
    """Pages and tickets while they fire, in their tones.

    Args:
        selected: of which promises, as a selector.
    """
    return tuple(
        mark(
            f"{severity.value.capitalize()}s",
            firing(selected, severity),
            tone,
            title=f"{severity.value.capitalize()}: {{{{{names.SLICE}}}}}",
            text=f"{{{{{names.SERVICE}}}}}",
            step=prometheus_duration(policy.base_window_seconds / STEPS_PER_BASE),
        )
        for severity, tone in SEVERITY_TONES.items()
    )
