"""Probes: that what they look at works whenever they look."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import ProbeOutcome
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import ended, title_of
from parapet.slo.sli import ProbeRuns, Sli
from parapet.slo.slice import Slice

BAD = tuple(outcome.value for outcome in ProbeOutcome if outcome is not ProbeOutcome.SUCCESS)


def probes_pack(
    *probes: str,
    success: float = 0.99,
    name: str = "probes",
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """What the probes look at works. A probe that could not look (crashed) is bad too: no news is not good news.

    Args:
        probes: a slice for each of these, `probe-<probe>`; none: one slice, *name*, in which every probe that there is
            is judged separately.
        success: share of the runs that must succeed. Probes run seldom, so a modest one.
            99 % = 7.2 hours in 30 days, or 1 in 100.
        name: what the one slice is called, if no probe is named.
        title: likewise.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: the objective is no ratio, or a probe is named twice.
    """

    def promised(called: str, shown: str, sli: Sli, group_by: tuple[str, ...] = ()) -> Slice:
        return Slice(
            name=called,
            title=shown,
            trouble=f"{shown}: it does not work",
            sli=sli,
            objective=success,
            group_by=group_by,
            owner=owner,
            runbook=runbook or called,
            description="Good: runs that found what they looked for, in time.",
        )

    if probes:
        slices = tuple(promised(f"probe-{one}", title_of(one), ProbeRuns(probe=one)) for one in probes)
    else:
        every = ended(names.PROBE_DURATION, (), good=(ProbeOutcome.SUCCESS.value,), bad=BAD)
        slices = (promised(name, title or "Probes", every, (names.PROBE,)),)
    who = f"probes_pack({', '.join(map(repr, probes))})"
    guides = tuple(Guide(name=one.name, playbook="probe", title=one.title) for one in slices)
    return Pack(name=who, slices=slices, guides=guides)
