"""Guidance for deliveries, pipelines and probes: which plane is at fault, before anybody presses anything."""

from __future__ import annotations

from parapet.response.playbooks import LOOK_AT_CHANGES, SEE_WHO_IS_HURT
from parapet.response.runbook import Runbook, Step

TELL_THE_PLANE = Step(
    title="Tell apart whose trouble it is",
    text="Compare the slices of this integration. Handing over fails: the provider, or our credentials. Accepted but "
    "not delivered: recipients, content, or the provider's reputation. Only callbacks late: the way back. Only the "
    "backlog grows: our own workers.",
)
DO_NOT_RESEND = Step(
    title="Do not send again in bulk",
    text="Accepted messages may still arrive. Sending again makes duplicates, and adds load where there is too little "
    "already. Ask the provider about a few exact messages first; their identifiers are in the evidence.",
)
COUNT_THE_WORKERS = Step(
    title="See whether the workers work",
    text="Are they running, and are they finishing anything? A backlog that grows while stages succeed needs more "
    "workers or fewer producers; one that grows while stages fail needs the failure looked at first.",
)
WAIT_OR_RECONCILE = Step(
    title="Wait for answers, or fetch them",
    text="A late callback is not a failure: the work may be done. Ask the provider for the state of a few, and "
    "reconcile from its answer rather than doing the work again.",
)
RUN_IT_BY_HAND = Step(
    title="Do by hand what the probe does",
    text="If it works for you, suspect the probe: its address, its account, its network. If it does not, users cannot "
    "do it either: look at the journey that it walks.",
)


def delivery_playbook(name: str, title: str, *, owner: str, slices: tuple[str, ...]) -> Runbook:
    """First steps for the deliveries *name*, attached to *slices*."""
    return Runbook(
        name=f"delivery-{name}",
        title=f"{title} do not reach people",
        owner=owner,
        slices=slices,
        steps=(TELL_THE_PLANE, LOOK_AT_CHANGES, DO_NOT_RESEND),
        warnings=("The provider accepted it is not the customer received it.",),
    )


def pipeline_playbook(name: str, title: str, *, owner: str, slices: tuple[str, ...]) -> Runbook:
    """First steps for the pipeline *name*, attached to *slices*."""
    return Runbook(
        name=f"pipeline-{name}",
        title=f"{title}: work is late or lost",
        owner=owner,
        slices=slices,
        steps=(COUNT_THE_WORKERS, LOOK_AT_CHANGES, WAIT_OR_RECONCILE),
        warnings=("Retry what was discarded in small, checked portions; never everything at once.",),
    )


def probe_playbook(name: str, title: str, *, owner: str, slices: tuple[str, ...]) -> Runbook:
    """First steps for the probe *name*, attached to *slices*."""
    return Runbook(
        name=f"probe-{name}",
        title=f"{title}: it does not",
        owner=owner,
        slices=slices,
        steps=(RUN_IT_BY_HAND, LOOK_AT_CHANGES, SEE_WHO_IS_HURT),
    )
