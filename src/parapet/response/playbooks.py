"""Guidance that comes with the packs: what a careful engineer does first. Hosts replace any of it by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from parapet.core.errors import UnknownName
from parapet.response import steps
from parapet.response.runbook import Runbook, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """A runbook before it is known what it speaks of."""

    trouble: str
    """What is wrong, after the title of what it speaks of: `: trouble for users`."""
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()


PLAYBOOKS: Mapping[str, Playbook] = MappingProxyType(
    {
        "journey": Playbook(
            trouble=": trouble for users",
            steps=(steps.LOOK_AT_CHANGES, steps.SEE_WHO_IS_HURT, steps.ASK_THE_DEPENDENCY),
            warnings=("A cleared alert is not proof of a fix: try the journey yourself before you close.",),
        ),
        "web-availability": Playbook(
            trouble=" fail with server errors",
            steps=(steps.FIND_THE_ROUTE, steps.LOOK_AT_CHANGES, steps.ASK_THE_DEPENDENCY),
        ),
        "web-latency": Playbook(
            trouble=" are slower than promised",
            steps=(steps.TELL_WAITING_FROM_WORKING, steps.LOOK_AT_CHANGES, steps.SHED_LOAD),
        ),
        "database": Playbook(
            trouble=" fails, or is slow",
            steps=(steps.TELL_ONE_STATEMENT_FROM_ALL, steps.LOOK_AT_CHANGES, steps.FREE_CONNECTIONS),
            warnings=(
                "Do not enlarge the pool first: a database that is slow gets slower with more statements at once.",
            ),
        ),
        "jobs": Playbook(
            trouble=" fail, wait or do not run",
            steps=(steps.COUNT_THE_WORKERS, steps.FIND_THE_TASK, steps.LOOK_AT_CHANGES, steps.RUN_AGAIN_IN_PORTIONS),
            warnings=("A job that was lost with its worker may have done its work: check before you run it again.",),
        ),
        "email-delivery": Playbook(
            trouble=" do not reach people",
            steps=(steps.TELL_THE_PLANE, steps.LOOK_AT_CHANGES, steps.LOOK_AT_SUPPRESSIONS, steps.DO_NOT_RESEND),
            warnings=("The provider accepted it is not the customer received it.",),
        ),
        "notifications": Playbook(
            trouble=" do not reach people",
            steps=(steps.TELL_THE_PLANE, steps.LOOK_AT_CHANGES, steps.DO_NOT_RESEND),
            warnings=("The provider accepted it is not the customer received it.",),
        ),
        "media-pipeline": Playbook(
            trouble=": work is late or lost",
            steps=(steps.COUNT_THE_WORKERS, steps.FIND_THE_STAGE, steps.LOOK_AT_CHANGES, steps.WAIT_OR_RECONCILE),
            warnings=("Retry what was discarded in small, checked portions; never everything at once.",),
        ),
        "checkout": Playbook(
            trouble=" fails: customers cannot pay",
            steps=(steps.LOOK_AT_CHANGES, steps.ASK_THE_PAYMENT_PROVIDER, steps.PAY_ONCE),
            warnings=("Do not charge again by hand: what failed late may already be paid.",),
        ),
        "payment-webhooks": Playbook(
            trouble=": we hear of them late",
            steps=(steps.TAKE_THE_WEBHOOK, steps.LOOK_AT_CHANGES, steps.RECONCILE_PAYMENTS),
            warnings=(
                "A webhook that is late is not a payment that failed: ask the provider before you tell anybody.",
            ),
        ),
        "ai": Playbook(
            trouble=" does not do what it should",
            steps=(
                steps.TELL_MODEL_FROM_TOOLS,
                steps.LOOK_AT_CHANGES,
                steps.READ_A_FEW_ANSWERS,
                steps.DECIDE_APPROVALS,
            ),
            warnings=("Do not switch a guardrail off to keep its alert quiet: it is the part that works.",),
        ),
        "probe": Playbook(
            trouble=": it does not work",
            steps=(steps.RUN_IT_BY_HAND, steps.LOOK_AT_CHANGES, steps.SEE_WHO_IS_HURT),
        ),
    }
)
"""Name -> guidance. A pack says which it wants."""


def runbook_from(playbook: str, *, name: str, title: str, owner: str, slices: tuple[str, ...]) -> Runbook:
    """The runbook *name* about *title*, attached to *slices*.

    Raises:
        UnknownName: there is no such playbook.
        ConfigurationError: it would be attached to nothing.
    """
    if playbook not in PLAYBOOKS:
        raise UnknownName.of("playbook", playbook, PLAYBOOKS)
    chosen = PLAYBOOKS[playbook]
    return Runbook(
        name=name,
        title=f"{title}{chosen.trouble}",
        owner=owner,
        slices=slices,
        steps=chosen.steps,
        warnings=chosen.warnings,
    )
