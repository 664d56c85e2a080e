"""What is said about each metric family: its help, the signal it belongs to, and the ceilings of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from parapet.core import names

HELP: Mapping[str, str] = MappingProxyType(
    {
        names.HTTP_DURATION: "Time from a request to the last part of its answer, by route, in seconds.",
        names.JOURNEY_DURATION: "Time that attempts at a user journey took, by how they ended, in seconds.",
        names.DB_DURATION: "Time that database statements took, by what they do, in seconds.",
        names.DB_POOL_WAIT: "Time spent waiting for a pooled database connection, in seconds.",
        names.DB_POOL_CONNECTIONS: "Connections of a database pool, by what they are doing.",
        names.JOB_DURATION: "Time that runs of background jobs took, by how they ended, in seconds.",
        names.JOB_WAIT: "Time that background jobs could have been running before they were, in seconds.",
        names.JOB_RUNNING: "Background jobs that run now, by whether they run again if their worker dies.",
        names.JOB_LOST: "Background jobs whose worker died under them.",
        names.JOB_LAST_SUCCESS: "When a background job last succeeded, in epoch seconds.",
        names.JOB_BACKLOG_AGE: "How long the oldest job of a queue has been waiting, in seconds.",
        names.JOB_BACKLOG_SIZE: "How many jobs wait in a queue.",
        names.JOB_BACKLOG_LOOKS: "Looks at a queue of jobs, by how long the oldest of them has been waiting.",
        names.PROBE_DURATION: "Time that probes took, by how they ended, in seconds.",
        names.DELIVERY_OUTBOUND: "What we handed to a provider, or tried to; accepted is not delivered.",
        names.DELIVERY_FEEDBACK: "What a provider said about what it had accepted.",
        names.DELIVERY_WEBHOOK: "Callbacks of providers, by what they say and how late they came.",
        names.ASYNC_STAGE: "Moves of the stages of a pipeline, by how they ended and which try it was.",
        names.ASYNC_BACKLOG: "Looks at waiting work, by how long the oldest of it waited.",
        names.ASYNC_CALLBACK: "Callbacks and reconciliations that a pipeline waits for, by how late they are.",
        names.ASYNC_WORK: "Pieces of work that began, got through all stages of a pipeline, or were given up.",
        names.ASYNC_RUNNING: "Looks at stages that run, by how long the oldest run has taken so far.",
        names.AI_GUARDRAIL: "What guardrails did about requests to models and their answers, by reason.",
        names.AI_TOOL: "Calls of tools by models, by how they ended and why.",
        names.AI_EVALUATION: "Evaluations of what models answered, by what they say and why.",
        names.AI_APPROVAL: "What models may do only if a person agrees: asked, and how it was decided.",
        names.AI_APPROVAL_BACKLOG: "Looks at approvals that wait for a person, by how long the oldest of them waited.",
        names.CHANGE_LAST: "When the system was last changed, by kind of change, in epoch seconds.",
        names.HEARTBEAT: "When this was written, in epoch seconds: an old page looks like a new one without it.",
        names.NODE: (
            "When a process that runs with this version, these definitions and for this schema was last heard of, in "
            "epoch seconds."
        ),
        names.INGEST: "Bodies of alerts that were handed in, by who sent them and what became of them.",
        names.MAINTENANCE_UNTIL: "Until when a person lets nothing of a promise count, in epoch seconds; 0: it counts.",
        names.RELEASE: "When the version that runs now was deployed, or rolled back to, in epoch seconds.",
        names.REFS_DROPPED: "Exact identifiers that did not reach the evidence sink, by reason.",
        names.REJECTED: (
            "Values outside their vocabulary or beyond their ceiling. Their events were counted all the same."
        ),
        names.SWALLOWED: "Exceptions that Parapet kept away from the application, by place and class.",
        names.WORKER_BEAT: "When a worker of Parapet last finished a whole round, in epoch seconds.",
        names.WORKER_DONE: "What workers of Parapet took in hand, by kind of work and what became of it.",
        names.WORKER_ITEMS: "What waits for workers of Parapet, by kind of work: due, or claimed by one of them.",
        names.WORKER_LAG: "How long the first of what is due has been waiting for a worker of Parapet, in seconds.",
        names.WORKER_TURN: "Time that turns of a worker of Parapet took, by kind of work, in seconds.",
    }
)
"""Family -> what it says. Every family of `vocabulary.LABELS` is here."""

SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        names.HTTP_DURATION: "http.request",
        names.JOURNEY_DURATION: "journey",
        names.DB_DURATION: "db.query",
        names.DB_POOL_WAIT: "db.pool",
        names.DB_POOL_CONNECTIONS: "db.pool",
        names.JOB_DURATION: "job.run",
        names.JOB_WAIT: "job.run",
        names.JOB_RUNNING: "job.run",
        names.JOB_LOST: "job.run",
        names.JOB_LAST_SUCCESS: "job.run",
        names.JOB_BACKLOG_AGE: "job.backlog",
        names.JOB_BACKLOG_SIZE: "job.backlog",
        names.JOB_BACKLOG_LOOKS: "job.backlog",
        names.PROBE_DURATION: "probe.run",
        names.DELIVERY_OUTBOUND: "delivery.outbound",
        names.DELIVERY_FEEDBACK: "delivery.provider_feedback",
        names.DELIVERY_WEBHOOK: "delivery.webhook_ingest",
        names.ASYNC_STAGE: "async.stage",
        names.ASYNC_BACKLOG: "async.backlog",
        names.ASYNC_CALLBACK: "async.callback",
        names.ASYNC_WORK: "async.work",
        names.ASYNC_RUNNING: "async.running",
        names.AI_GUARDRAIL: "ai.guardrail",
        names.AI_TOOL: "ai.tool",
        names.AI_EVALUATION: "ai.evaluation",
        names.AI_APPROVAL: "ai.approval",
        names.AI_APPROVAL_BACKLOG: "ai.approval_backlog",
        names.CHANGE_LAST: "change",
        names.MAINTENANCE_UNTIL: "maintenance",
        names.RELEASE: "change",
        names.NODE: "node",
    }
)
"""Family of metrics -> the signal it belongs to, as the counter of rejected values names it; else its own name."""

CEILINGS: Mapping[str, int] = MappingProxyType(
    {
        names.ROUTE: 200,
        names.JOURNEY: 50,
        names.TASK: 100,
        names.QUEUE: 50,
        names.PROVIDER: 20,
        names.INTEGRATION: 50,
        names.ENGINE: 20,
        names.PROBE: 50,
        names.PIPELINE_STAGE: 50,
        names.GUARDRAIL: 30,
        names.TOOL: 50,
        names.EVALUATION: 30,
        names.VERSION: 100,
        names.DEFINITIONS: 20,
        names.SCHEMA: 20,
        names.SLICE: 500,
        names.FAMILY: 100,
        names.REASON: 20,
        names.WHERE: 200,
        names.ERROR: 200,
    }
)
"""Label that a host decides -> how many values it may have in one process, over all families; then they are OTHER."""

DEFAULT_CEILING = 50
"""For a label that is not in `CEILINGS`."""
