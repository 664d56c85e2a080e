"""Prebuilt playbooks for what breaks everywhere: mapped to fault planes, and to the slices of the packs by their names.

A host takes them with `parapet.playbooks(...)`, or has them written out with `parapet gen runbooks` and edits them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType

from parapet.core.errors import UnknownName
from parapet.core.vocabulary import FaultPlane
from parapet.response import recovery_steps as do
from parapet.response import steps
from parapet.response.runbook import Runbook, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A playbook before it is known whose it is."""

    title: str
    steps: tuple[Step, ...]
    planes: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    """Patterns of slices' names, as the packs give them."""
    warnings: tuple[str, ...] = ()
    targets: str = ""
    guidance_only: str = ""
    """Why nothing of it is a button; empty: a capability may do a part of it."""


RECOVERIES: Mapping[str, Recovery] = MappingProxyType(
    {
        "callback-delay": Recovery(
            title="Callbacks come late",
            planes=(FaultPlane.WEBHOOK.value,),
            slices=("*-webhooks", "*-answers"),
            steps=(do.COMPARE_ACCEPTED_WITH_HEARD, steps.TAKE_THE_WEBHOOK, do.RECONCILE_A_FEW),
            warnings=("What is late is not lost: doing the work again may do it twice.",),
            targets="pieces of work whose callback is late",
        ),
        "dead-letter-drain": Recovery(
            title="Jobs are dead-lettered",
            planes=(FaultPlane.WORKER.value,),
            slices=("jobs-success", "*-jobs-success"),
            steps=(do.READ_ONE_DEAD_JOB, do.RETRY_ONE, do.RETRY_SOME),
            warnings=("A job that died may have done its work: it must be safe to run twice before it is retried.",),
            targets="dead-lettered jobs of one queue",
        ),
        "partial-backlog-drain": Recovery(
            title="A backlog grows",
            planes=(FaultPlane.BACKLOG.value,),
            slices=("*-wait", "*-backlog", "*-queue"),
            steps=(steps.COUNT_THE_WORKERS, do.SORT_THE_BACKLOG, do.DRAIN_A_PART),
            warnings=("What waits is somebody's: nothing is thrown away to make a number small.",),
            targets="the oldest part of one queue",
        ),
        "provider-outage": Recovery(
            title="A provider is down",
            planes=(FaultPlane.PROVIDER.value,),
            slices=("*-submitted", "*-delivered"),
            steps=(do.ASK_THE_PROVIDER, do.STOP_ASKING, do.TELL_CUSTOMERS),
            warnings=("Retries during an outage are what keeps a provider down.",),
            targets="nothing of ours; a check is requested from the provider",
        ),
        "retry-storm": Recovery(
            title="Retries feed on themselves",
            planes=(FaultPlane.WORKER.value, FaultPlane.DEPENDENCY.value),
            steps=(do.SEE_THE_STORM, do.SLOW_RETRIES, do.SHED_AT_THE_EDGE),
            warnings=("Do not retry, requeue or restart in bulk: each adds to the storm.",),
            guidance_only="Every button here would add requests where there are too many. The way out is to send less, "
            "and that is a change of the clients, made by a person who knows them.",
        ),
        "stalled-executor": Recovery(
            title="Work is taken and does not end",
            planes=(FaultPlane.WORKER.value,),
            slices=("*-running", "*-completed"),
            steps=(do.FIND_WHAT_HANGS, do.END_ONE_WORKER, do.REQUEUE_WHAT_WAS_LOST),
            warnings=("A worker that is killed leaves work half done: see first what it had begun.",),
            targets="jobs whose worker died",
        ),
        "suppression-drift": Recovery(
            title="More people are suppressed than usual",
            planes=(FaultPlane.SUPPRESSION.value,),
            slices=("*-suppressed",),
            steps=(steps.LOOK_AT_SUPPRESSIONS, do.COMPARE_WITH_CAMPAIGNS, do.TAKE_NOBODY_OFF),
            warnings=("People on a suppression list asked not to be written to, or their address is dead.",),
            guidance_only="Taking people off a suppression list in bulk breaks a promise to them, and often the law. "
            "Each is looked at; no capability does that.",
        ),
        "deploy-tied": Recovery(
            title="It began with a deploy",
            planes=("application",),
            steps=(steps.LOOK_AT_CHANGES, do.ROLL_BACK_OR_FLAG_OFF, do.MARK_WHAT_WAS_DONE),
            warnings=("Near in time is no proof: undo one thing at a time.",),
            targets="one feature flag, or one release",
        ),
        "cardinality": Recovery(
            title="Labels have too many values",
            slices=("*-cardinality*",),
            planes=("telemetry",),
            steps=(do.FIND_THE_LABEL, do.SWITCH_THE_LABEL_OFF, do.MOVE_IT_INTO_EVIDENCE),
            warnings=("Series that exist stay until they are forgotten: a restart of Prometheus does not help.",),
            targets="one label of one metric",
        ),
        "slow-dependency": Recovery(
            title="Something we wait for is slow",
            planes=(FaultPlane.DEPENDENCY.value,),
            slices=("*-latency", "database-statements", "database-pool"),
            steps=(steps.TELL_WAITING_FROM_WORKING, do.GIVE_UP_EARLIER, steps.SHED_LOAD),
            warnings=("Longer time-outs and bigger pools make a slow dependency slower.",),
        ),
        "login-breakage": Recovery(
            title="People cannot sign in",
            planes=("identity",),
            slices=("login", "login-*", "*-login"),
            steps=(do.SIGN_IN_YOURSELF, do.TELL_THE_STEPS_APART, steps.LOOK_AT_CHANGES),
            warnings=("Do not end everybody's sessions: those who are in can still work.",),
        ),
    }
)
"""Name -> playbook."""


def runbook_of(name: str, *, owner: str, slices: Iterable[str] = ()) -> Runbook:
    """The prebuilt playbook *name* for *owner*, attached to its planes and to those of *slices* that it fits.

    Raises:
        UnknownName: there is none.
    """
    if name not in RECOVERIES:
        raise UnknownName.of("playbook", name, RECOVERIES)
    one = RECOVERIES[name]
    why = (f"Guidance only. {one.guidance_only}",) if one.guidance_only else ()
    return Runbook(
        name=name,
        title=one.title,
        owner=owner,
        steps=one.steps,
        slices=tuple(each for each in slices if any(fnmatchcase(each, pattern) for pattern in one.slices)),
        planes=one.planes,
        warnings=(*one.warnings, *why),
        targets=one.targets,
    )
