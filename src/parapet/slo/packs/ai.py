"""What models do: that guardrails let answers through, that tools work, that evaluations pass, that people decide."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import EvaluationOutcome, FaultPlane, GuardrailOutcome, ToolOutcome
from parapet.slo.durations import spoken
from parapet.slo.pack import Guide, Pack
from parapet.slo.packs.parts import QUIET, Subject, ended, kept, seconds_and_ratio, title_of
from parapet.slo.selector import Matcher, equals
from parapet.slo.sli import Freshness
from parapet.slo.slice import Slice

ANSWERED = (GuardrailOutcome.PASSED.value, GuardrailOutcome.CORRECTED.value)
KEPT_BACK = (GuardrailOutcome.BLOCKED.value, GuardrailOutcome.CRASHED.value)


def ai_pack(
    assistant: str,
    *,
    guardrails: float | None = 0.99,
    tools: float | None = 0.99,
    evaluations: float | None = 0.9,
    approvals: tuple[float, float] | None = (3600.0, 0.95),
    name: str | None = None,
    title: str | None = None,
    owner: str = "",
    runbook: str | None = None,
) -> Pack:
    """Answers pass the guardrails, tools work, and nobody waits long for a person: for what `parapet.ai(assistant)`
    counts.

    What a guardrail refused to do for the user, what a user got wrong or left, and what a person denied burn nothing.

    Args:
        guardrails: `<name>-guardrails`: share of the answers that pass, corrected or not. A guardrail that could not
            look is bad too: no news is not good news. 99 % = 7.2 hours in 30 days, or 1 in 100.
        tools: `<name>-tools`: share of the calls of tools that must not fail. 99 % = 7.2 hours in 30 days, or 1 in 100.
        evaluations: `<name>-evaluations`: share of the answers that evaluations find as they should be. A ticket,
            never a page. 90 % = 3 days in 30 days, or 1 in 10.
        approvals: `<name>-approvals`: (seconds, ratio): at this share of the looks at what waits for a person, nothing
            waits longer than that: 1, 30, 300 or 3600. A ticket, never a page. 95 % = 36 hours in 30 days, or 1 in 20.
        name: what the slices are called after; by default, the assistant.
        runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

    Raises:
        ConfigurationError: an objective is no ratio, or all are None.
    """
    called, shown = name or assistant, title or title_of(assistant)
    subject = Subject(name=called, title=shown, owner=owner, runbook=runbook or f"ai-{called}")
    mine = equals(names.INTEGRATION, assistant)
    worked, broke = ToolOutcome.SUCCEEDED.value, ToolOutcome.FAILED.value
    passed, failed = EvaluationOutcome.PASSED.value, EvaluationOutcome.FAILED.value
    return Pack(
        name=f"ai_pack({assistant!r})",
        slices=kept(
            subject.promise(
                "guardrails",
                guardrails,
                ended(names.AI_GUARDRAIL, (mine,), good=ANSWERED, bad=KEPT_BACK),
                well="answers pass the guardrails",
                badly="answers are kept back",
                plane=FaultPlane.APPLICATION,
                good="answers that passed, corrected or not. What was asked for and refused is in no number.",
            ),
            subject.promise(
                "tools",
                tools,
                ended(names.AI_TOOL, (mine,), good=(worked,), bad=(broke,)),
                well="tools work",
                badly="tools fail",
                plane=FaultPlane.DEPENDENCY,
                good="calls that did what they were asked. What users got wrong, left or were denied does not count.",
            ),
            subject.promise(
                "evaluations",
                evaluations,
                ended(names.AI_EVALUATION, (mine,), good=(passed,), bad=(failed,)),
                well="answers are as they should be",
                badly="answers are worse than they should be",
                plane=FaultPlane.APPLICATION,
                good="answers that an evaluation found as they should be. Where nobody can say, nothing counts.",
                severities=QUIET,
            ),
            _decided(subject, approvals, mine),
        ),
        guides=(Guide(name=f"ai-{called}", playbook="ai", title=shown),),
    )


def _decided(subject: Subject, within: tuple[float, float] | None, mine: Matcher) -> Slice | None:
    if within is None:
        return None
    seconds, ratio = seconds_and_ratio(f"{subject.name}-approvals", within)
    return subject.promise(
        "approvals",
        ratio,
        Freshness(metric=names.AI_APPROVAL_BACKLOG, selector=(mine,), within_seconds=seconds),
        well="people decide in time",
        badly="approvals are stale",
        plane=FaultPlane.NONE,
        good=f"looks at which no request had waited for a person for longer than {spoken(seconds)}.",
        severities=QUIET,
    )
