"""The slice of a probe: that what it looks at works whenever it looks."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import ProbeOutcome
from parapet.slo.slice import EventRatio, Slice, equals, one_of


def probe_slice(
    name: str, *, objective: float, title: str | None = None, runbook: str | None = None, owner: str = ""
) -> Slice:
    """The slice `probe-<name>`. A probe that could not look (crashed) is bad too: no news is not good news.

    Args:
        objective: share of the runs that must succeed, a ratio. A probe runs seldom, so a modest one: 0.99.
        runbook: a runbook's name or an http(s) address; by default `probe-<name>`.

    Raises:
        ConfigurationError: the objective is no ratio.
    """
    bad = tuple(outcome.value for outcome in ProbeOutcome if outcome is not ProbeOutcome.SUCCESS)
    return Slice(
        name=f"probe-{name}",
        title=title or f"Probe {name} succeeds",
        sli=EventRatio(
            metric=names.PROBE_DURATION,
            total=(equals(names.PROBE, name), one_of(names.OUTCOME, ProbeOutcome.SUCCESS.value, *bad)),
            bad=(one_of(names.OUTCOME, *bad),),
        ),
        objective=objective,
        owner=owner,
        runbook=runbook or f"probe-{name}",
        description="Good: runs that found what they looked for, in time.",
    )
