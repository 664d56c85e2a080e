"""How things look: the workbench's tones, what they mean on a scale, and the words for states. No queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from grafana_foundation_sdk.models import dashboard as schema

from parapet.core.vocabulary import (
    AsyncOutcome,
    DelayBucket,
    DeliveryOutcome,
    EvaluationOutcome,
    GuardrailOutcome,
    JobState,
    Outcome,
    ProbeOutcome,
    Severity,
    ToolOutcome,
)
from parapet.slo.burn import BurnPolicy
from parapet.slo.state import StateNumber


class Tone(StrEnum):
    """The workbench's tones, each as one colour that reads on Grafana's light and dark ground alike (3.4 : 1)."""

    GOOD = "#1f8f7c"
    PAGE = "#d6452f"
    TICKET = "#b67f12"
    STALE = "#8a5bc0"
    NONE = "#7d848c"
    ACCENT = "#5f7be0"


SEVERITY_TONES: Mapping[Severity, Tone] = MappingProxyType({Severity.PAGE: Tone.PAGE, Severity.TICKET: Tone.TICKET})
USUAL_OBJECTIVE = 0.999
"""At which every factor of a policy is as its shares say."""

Step: TypeAlias = tuple[float, Tone]
"""From this value on, that tone."""
Scale: TypeAlias = tuple[Tone, *tuple[Step, ...]]
"""The first tone, and where others begin."""


def scale(below: Tone, *steps: Step) -> schema.ThresholdsConfig:
    """A scale that is *below* at first and takes a tone at each step."""
    first = schema.Threshold(value=None, color=below)
    rest = [schema.Threshold(value=float(value), color=tone) for value, tone in steps]
    return schema.ThresholdsConfig(mode=schema.ThresholdsMode.ABSOLUTE, steps=[first, *rest])


IN_MINUTES = "suffix:min"
"""A unit that stays minutes: Grafana's own would turn many of them into hours."""
LITTLE_LEFT = 0.25
BUDGET: Scale = (Tone.PAGE, (0.0, Tone.TICKET), (LITTLE_LEFT, Tone.GOOD))
"""Budget left: overspent, little, enough."""
OVERSPENT_OR_NOT: Scale = (Tone.PAGE, (0.0, Tone.GOOD))
ONLY_A_NUMBER: Scale = (Tone.ACCENT,)


def some_are(tone: Tone) -> Scale:
    """Nothing stays pale; as soon as there is some, *tone*."""
    return (Tone.NONE, (1e-9, tone))


def at_least(fair: float, good: float) -> Scale:
    """Ratios of what went well."""
    return (Tone.PAGE, (fair, Tone.TICKET), (good, Tone.GOOD))


def burn_scale(policy: BurnPolicy) -> Scale:
    """Burn rates: from where on a ticket may fire, and from where on a page; as the policy has it, if both exist."""
    lowest = {t.severity: t.factor for t in policy.thresholds(USUAL_OBJECTIVE)}  # the last of each is the lowest
    steps = [(lowest[s], tone) for s, tone in SEVERITY_TONES.items() if s in lowest]
    return (Tone.GOOD, *sorted(steps))


def words(meanings: Mapping[float, tuple[str, Tone]]) -> list[schema.ValueMapping]:
    """Numbers that are shown as coloured words."""
    options = {
        f"{value:g}": schema.ValueMappingResult(text=text, color=tone, index=index)
        for index, (value, (text, tone)) in enumerate(meanings.items())
    }
    return [schema.ValueMap(options=options)]


STATES = words(
    {
        StateNumber.GOOD: ("Good", Tone.GOOD),
        StateNumber.MAINTENANCE: ("In maintenance", Tone.ACCENT),
        StateNumber.IDLE: ("Idle", Tone.NONE),
        StateNumber.NOT_ENOUGH_EVIDENCE: ("Not enough evidence", Tone.NONE),
        StateNumber.STALE: ("Stale", Tone.STALE),
        StateNumber.BURNING_TICKET: ("Burning, ticket", Tone.TICKET),
        StateNumber.BURNING_PAGE: ("Burning, page", Tone.PAGE),
    }
)
"""A recorded state in words, as on the workbench."""

_MEANT: Mapping[str, Tone] = MappingProxyType(
    {
        Outcome.SUCCESS: Tone.GOOD,
        Outcome.FAILURE: Tone.PAGE,
        Outcome.USER_ERROR: Tone.NONE,
        DeliveryOutcome.ATTEMPTED: Tone.ACCENT,
        DeliveryOutcome.ACCEPTED: Tone.NONE,
        DeliveryOutcome.DELIVERED: Tone.GOOD,
        DeliveryOutcome.DEFERRED: Tone.TICKET,
        DeliveryOutcome.FAILED: Tone.PAGE,
        DeliveryOutcome.BOUNCED: Tone.PAGE,
        DeliveryOutcome.SUPPRESSED: Tone.STALE,
        AsyncOutcome.STARTED: Tone.ACCENT,
        AsyncOutcome.SUCCEEDED: Tone.GOOD,
        AsyncOutcome.RETRYABLE_FAILED: Tone.TICKET,
        AsyncOutcome.DISCARDED: Tone.PAGE,
        AsyncOutcome.DELAYED: Tone.TICKET,
        JobState.RETRIED: Tone.TICKET,
        JobState.REVOKED: Tone.NONE,
        ProbeOutcome.TIMEOUT: Tone.TICKET,
        ProbeOutcome.CRASHED: Tone.STALE,
        DelayBucket.SUBSECOND: Tone.GOOD,
        DelayBucket.UNDER_1H: Tone.TICKET,
        DelayBucket.OVER_1H: Tone.PAGE,
        GuardrailOutcome.CORRECTED: Tone.TICKET,
        GuardrailOutcome.BLOCKED: Tone.PAGE,
        GuardrailOutcome.REFUSED: Tone.NONE,
        EvaluationOutcome.PASSED: Tone.GOOD,
        EvaluationOutcome.INCONCLUSIVE: Tone.STALE,
        ToolOutcome.DENIED: Tone.NONE,
        "2xx": Tone.GOOD,
        "4xx": Tone.NONE,
        "5xx": Tone.PAGE,
    }
)


def tones_of(values: Iterable[str]) -> Mapping[str, Tone]:
    """Those of the *values* of a label whose colour says what they mean; Grafana tells the others apart."""
    return {value: _MEANT[value] for value in values if value in _MEANT}
