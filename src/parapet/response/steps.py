"""Steps of guidance that several runbooks share: what to do, what to look for, and what not to do."""

from __future__ import annotations

from parapet.response.runbook import Step

# For any trouble.

LOOK_AT_CHANGES = Step(
    title="Compare onset with what changed",
    text="Look at What changed. If a deploy or a flag lies shortly before onset, undoing it is usually the safest "
    "first move. Undo one thing at a time, and mark it, so that the chronology shows what helped.",
)
SEE_WHO_IS_HURT = Step(
    title="See who is hurt",
    text="Open the logs of the failing requests for the window of this incident. Is it everyone, one customer, one "
    "region, one release? Write what you find as a note: the next person starts from there.",
)
ASK_THE_DEPENDENCY = Step(
    title="Rule out what it depends on",
    text="Check the database and the providers behind this journey. If a provider is down, do not restart or retry "
    "in bulk: that adds load where there is too little already.",
)

# Requests and statements.

FIND_THE_ROUTE = Step(
    title="Find the failing route",
    text="The dashboard shows errors by route. One route points to its code or its dependency; "
    "all routes point to what they share: the database, the deploy, the machine.",
)
TELL_WAITING_FROM_WORKING = Step(
    title="Tell waiting from working",
    text="Slow everywhere at once is waiting: a pool, a lock, a dependency. Slow on one route is work: "
    "a query, a loop, a payload. Look at the database's wait events before you add capacity.",
)
SHED_LOAD = Step(
    title="Shed load before you add it",
    text="If the service is saturated, switch off what users can do without. Do not raise time-outs: "
    "that keeps more requests waiting.",
)
TELL_ONE_STATEMENT_FROM_ALL = Step(
    title="Tell one statement from all",
    text="Every operation slow or failing at once is the database or the way to it: locks, disk, a failover, the "
    "network. Only one operation is a statement: a missing index, a migration that holds a lock. Ask the database what "
    "is running and what it waits for before you stop anything.",
)
FREE_CONNECTIONS = Step(
    title="See who holds the connections",
    text="If connections are waited for while statements are fast, somebody keeps them: a transaction that is left "
    "open while something else is called, or a job that does everything in one. End that; do not restart everybody.",
)

# Work in the background.

COUNT_THE_WORKERS = Step(
    title="See whether the workers work",
    text="Are they running, and are they finishing anything? A backlog that grows while work succeeds needs more "
    "workers or fewer producers; one that grows while work fails needs the failure looked at first.",
)
FIND_THE_TASK = Step(
    title="Find the task",
    text="The dashboard shows failures, waits and the last success by task. One task points to its code, its arguments "
    "or what it calls; all tasks of a queue point to its workers; all queues point to the broker.",
)
RUN_AGAIN_IN_PORTIONS = Step(
    title="Run again a few, then more",
    text="Once the cause is gone, run a handful of the failed jobs and look at what they did. Then the rest, in "
    "portions. A job that is not safe to run twice is looked at one by one.",
)
FIND_THE_STAGE = Step(
    title="Find the stage",
    text="The dashboard shows starts, ends and retries by stage. Work that enters a stage and does not leave it shows "
    "where it is stuck; a stage that fails at once shows what changed.",
)
WAIT_OR_RECONCILE = Step(
    title="Wait for answers, or fetch them",
    text="A late callback is not a failure: the work may be done. Ask the provider for the state of a few, and "
    "reconcile from its answer rather than doing the work again.",
)

# What others deliver.

TELL_THE_PLANE = Step(
    title="Tell apart whose trouble it is",
    text="Compare the slices of this integration. Handing over fails: the provider, or our credentials. Accepted but "
    "not delivered: recipients, content, or the provider's reputation. Only callbacks late: the way back. Only the "
    "backlog grows: our own workers.",
)
LOOK_AT_SUPPRESSIONS = Step(
    title="Look at what is suppressed",
    text="If more than usual is suppressed, a list grew: after a campaign, an import of addresses, or a wave of "
    "complaints. Find out what put people on it before you take anybody off.",
)
DO_NOT_RESEND = Step(
    title="Do not send again in bulk",
    text="Accepted messages may still arrive. Sending again makes duplicates, and adds load where there is too little "
    "already. Ask the provider about a few exact messages first; their identifiers are in the evidence.",
)

# Money.

ASK_THE_PAYMENT_PROVIDER = Step(
    title="Tell the provider's failures from ours",
    text="Look at the provider's status page and at its answers in our log. If it is down, say so where customers pay, "
    "and keep their carts; do not retry charges in a loop.",
)
PAY_ONCE = Step(
    title="Pay once yourself",
    text="Go the whole way as a customer, with a test account. Look at the order and at the provider's record of it, "
    "not only at the page.",
)
TAKE_THE_WEBHOOK = Step(
    title="See whether webhooks reach us",
    text="Open the provider's list of attempts. Attempts that we refuse: our endpoint, its secret, its time-out. "
    "Attempts that come late: the provider. No attempts: the subscription is switched off.",
)
RECONCILE_PAYMENTS = Step(
    title="Reconcile from the provider's records",
    text="Read the payments of the window from the provider and bring the orders up to date from there. Each at most "
    "once, by the provider's identifier, so that a late webhook changes nothing.",
)

# Answers of models.

TELL_MODEL_FROM_TOOLS = Step(
    title="Tell the model from what it uses",
    text="Guardrails object more often while tools work: the model, its prompt or what users ask changed. Tools fail: "
    "look at what they call, as for any dependency. A guardrail that fails itself says nothing about the answers.",
)
READ_A_FEW_ANSWERS = Step(
    title="Read a few of them",
    text="Open some of the blocked answers by their identifiers in the evidence. Are the guardrails right? Then go "
    "back to the model or prompt of before; if they are wrong, correct the guardrail and keep it switched on.",
)
DECIDE_APPROVALS = Step(
    title="Decide what waits",
    text="Approvals that wait have somebody waiting behind them. Find who may decide, oldest first. What is out of "
    "date is denied, not approved to clear the list.",
)

# Probes.

RUN_IT_BY_HAND = Step(
    title="Do by hand what the probe does",
    text="If it works for you, suspect the probe: its address, its account, its network. If it does not, users cannot "
    "do it either: look at the journey that it walks.",
)
