"""The closed vocabularies: every value a bounded label may take, and which labels each metric carries.

Signals emit only these, objectives are checked against these: an objective over a value that is never emitted
is refused when the catalog is built, not discovered during an outage.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from parapet.core import names
from parapet.core.work import Work, WorkOutcome, WorkState


class Outcome(StrEnum):
    """How a user's attempt at a journey ended."""

    SUCCESS = "success"  # it worked
    FAILURE = "failure"  # ours: burns budget
    USER_ERROR = "user_error"  # wrong password, declined card: does not
    ABANDONED = "abandoned"  # the user left: does not


class Severity(StrEnum):
    """How loud trouble is; the values of the `severity` label. PAGE is worse than TICKET."""

    PAGE = "page"  # somebody is woken
    TICKET = "ticket"  # somebody looks during the day

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return 0 if self is Severity.PAGE else 1


class JobState(StrEnum):
    """How one run of a background job ended."""

    SUCCEEDED = "succeeded"  # it did its work
    RETRIED = "retried"  # it failed and will be tried again
    FAILED = "failed"  # it failed and will not be tried again
    DISCARDED = "discarded"  # nobody ran it to an end: unknown, rejected, too old
    REVOKED = "revoked"  # somebody called it off


class DeliveryOutcome(StrEnum):
    """How far something got that we sent through a provider. ACCEPTED by a provider is not DELIVERED to a person."""

    ATTEMPTED = "attempted"  # we are about to hand it over
    ACCEPTED = "provider_accepted"  # the provider took it; nobody has received it yet
    DELIVERED = "delivered"  # it reached the recipient
    DEFERRED = "deferred"  # not now; somebody will try again
    FAILED = "failed"  # it will not arrive
    BOUNCED = "bounced"  # the recipient's side refused it
    COMPLAINED = "complained"  # it arrived, and the recipient did not want it
    SUPPRESSED = "suppressed"  # not sent on purpose: a list says so


class AsyncOutcome(StrEnum):
    """How a stage of a pipeline moved, or how its waiting work stands."""

    STARTED = "started"  # it began
    SUCCEEDED = "succeeded"  # it did its work, or came in time
    RETRYABLE_FAILED = "retryable_failed"  # it failed, and is tried again: not lost
    DISCARDED = "discarded"  # given up: lost unless somebody acts
    DELAYED = "delayed"  # later than it should be


class Channel(StrEnum):
    """What something is delivered through."""

    EMAIL = "email"  # electronic mail
    SMS = "sms"  # text messages to telephones
    PUSH = "push"  # notifications to an app or a browser
    CHAT = "chat"  # messages into a chat
    WEBHOOK = "webhook"  # requests to somebody else's endpoint


class FaultPlane(StrEnum):
    """Where a fault lies."""

    NONE = "none"  # nothing is wrong
    APPLICATION = "application"  # our code or configuration
    DEPENDENCY = "dependency"  # what we run on: database, network
    PROVIDER = "provider"  # who we handed it to
    WEBHOOK = "webhook"  # the way back: callbacks that come late, or that we cannot take
    SUPPRESSION = "suppression"  # a list kept it from being sent
    WORKER = "worker"  # who should do the work
    BACKLOG = "backlog"  # too much work waits


class FailureClass(StrEnum):
    """Why something was not delivered."""

    NONE = "none"  # it did not fail
    TIMEOUT = "timeout"  # no answer in time
    UNAVAILABLE = "unavailable"  # the provider answered with an error of its own
    RATE_LIMITED = "rate_limited"  # the provider wants less at once
    REJECTED = "rejected"  # the provider said no to this message
    AUTHENTICATION = "authentication"  # our credentials
    CONFIGURATION = "configuration"  # our set-up or our code
    NETWORK = "network"  # no connection to the provider
    INVALID_RECIPIENT = "invalid_recipient"  # there is no such recipient
    MAILBOX_UNAVAILABLE = "mailbox_unavailable"  # full, or away for now
    CONTENT = "content"  # refused for what it says
    SUPPRESSED = "suppressed"  # a list says not to send it
    INVALID_CALLBACK = "invalid_callback"  # a callback that we could not take: signature, shape


class RetryState(StrEnum):
    """Which try it was."""

    FIRST_ATTEMPT = "first_attempt"  # nothing was tried before
    RETRYING = "retrying"  # it was tried before
    EXHAUSTED = "exhausted"  # no try is left


class DelayBucket(StrEnum):
    """How late something was."""

    SUBSECOND = "subsecond"  # less than 1 s
    UNDER_30S = "under_30s"  # from 1 s to less than 30 s
    UNDER_5M = "under_5m"  # from 30 s to less than 5 minutes
    UNDER_1H = "under_1h"  # from 5 minutes to less than 1 hour
    OVER_1H = "over_1h"  # 1 hour or more


DELAY_BOUNDS_SECONDS = (1.0, 30.0, 300.0, 3_600.0)
"""Where one delay bucket ends, itself excluded, and the next begins."""


def delay_buckets_beyond(seconds: float) -> tuple[str, ...]:
    """The delay buckets that begin at *seconds* or later."""
    starts = (0.0, *DELAY_BOUNDS_SECONDS)
    return tuple(bucket.value for bucket, start in zip(DelayBucket, starts, strict=True) if start >= seconds)


class ProbeOutcome(StrEnum):
    """How one run of a probe ended."""

    SUCCESS = "success"  # it found what it looked for
    FAILURE = "failure"  # it looked, and what it saw was wrong
    TIMEOUT = "timeout"  # it did not end in time
    CRASHED = "crashed"  # it could not look: its own code failed


class GuardrailOutcome(StrEnum):
    """What a guardrail did about a request to a model, or its answer."""

    PASSED = "passed"  # nothing to object to
    CORRECTED = "corrected"  # it changed the answer, and let it through
    BLOCKED = "blocked"  # it kept the answer back: the user got none
    REFUSED = "refused"  # it turned down what was asked: no failure of ours
    CRASHED = "crashed"  # it could not look: nobody knows


class ToolOutcome(StrEnum):
    """How a call of a tool by a model ended."""

    SUCCEEDED = "succeeded"  # it did what it was asked
    FAILED = "failed"  # it did not: ours, the model's, or what it calls
    USER_ERROR = "user_error"  # what the user wants cannot be: no such order
    DENIED = "denied"  # a person or a policy said no
    ABANDONED = "abandoned"  # the user left before it ended


class EvaluationOutcome(StrEnum):
    """What an evaluation said about an answer of a model."""

    PASSED = "passed"  # it is as it should be
    FAILED = "failed"  # it is not
    INCONCLUSIVE = "inconclusive"  # nobody can say


class ApprovalOutcome(StrEnum):
    """What became of something that a model may do only if a person agrees."""

    REQUESTED = "requested"  # somebody is asked; the others are how it ended
    APPROVED = "approved"  # a person said yes
    DENIED = "denied"  # a person said no
    EXPIRED = "expired"  # nobody said anything in time
    WITHDRAWN = "withdrawn"  # nobody needs it any more


class AiReason(StrEnum):
    """Why a guardrail objected, a tool failed, or an answer was found wanting."""

    NONE = "none"  # nothing is wrong
    UNSAFE = "unsafe"  # it could do harm
    PRIVATE = "private"  # it holds what should not be told: personal data, secrets
    INJECTION = "injection"  # what was read tried to give orders
    OFF_TOPIC = "off_topic"  # it is about something else
    UNGROUNDED = "ungrounded"  # it says what its sources do not
    MALFORMED = "malformed"  # it has not the form that was asked for
    ARGUMENTS = "arguments"  # a tool was called with what it cannot take
    POLICY = "policy"  # a rule of the house says no
    LIMIT = "limit"  # too long, too many steps, too expensive
    TIMEOUT = "timeout"  # no answer in time
    UNAVAILABLE = "unavailable"  # what was called cannot answer
    RATE_LIMITED = "rate_limited"  # what was called wants less at once
    AUTHENTICATION = "authentication"  # our credentials


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
"""HTTP methods kept as they are; a client may send any other word, which becomes OTHER."""

OTHER = "other"
"""What a value outside its vocabulary, or beyond its ceiling, becomes."""

UNMATCHED = "unmatched"
"""The route of a request that no route matched."""

STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "disconnected")
"""Answers by class; disconnected: the client left before we answered."""

HTTP_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
JOURNEY_BUCKETS_SECONDS = HTTP_BUCKETS_SECONDS
DB_BUCKETS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
JOB_BUCKETS_SECONDS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0)

DB_OPERATIONS = ("select", "insert", "update", "delete", OTHER)
DB_OUTCOMES = ("success", "refused", "failure", OTHER)  # refused: the database is well and says no: a constraint
DB_POOL_OUTCOMES = ("success", "timeout", "failure", OTHER)
DB_POOL_STATES = ("idle", "in_use", OTHER)
JOB_STATES = (*(state.value for state in JobState), OTHER)
CHANGE_KINDS = ("deploy", "rollback", "flag", "config", "migration", "ai_model", "provider", "maintenance", OTHER)
INGEST_SOURCES = ("alertmanager", "grafana", "events", OTHER)
INGEST_OUTCOMES = ("done", "stored", "rejected", "unauthenticated", "too_large", "unavailable", "failed", OTHER)
"""What became of a body that was handed in; stored: kept, and taken in later; unavailable: asked to come back."""
REDELIVERED = ("yes", "no", OTHER)
"""Whether somebody else runs a job if the process that runs it now dies."""
PROBE_OUTCOMES = (*(outcome.value for outcome in ProbeOutcome), OTHER)

WORKS = (*(work.value for work in Work), OTHER)
WORKER_OUTCOMES = (*(outcome.value for outcome in WorkOutcome), OTHER)
WORKER_STATES = (*(state.value for state in WorkState), OTHER)

_D = DeliveryOutcome
DELIVERY_CHANNELS = (*(channel.value for channel in Channel), OTHER)
OUTBOUND_OUTCOMES = (*(o.value for o in (_D.ATTEMPTED, _D.ACCEPTED, _D.DEFERRED, _D.FAILED, _D.SUPPRESSED)), OTHER)
"""Without delivered: who hands something over cannot know that it arrived."""
FEEDBACK_OUTCOMES = (*(outcome.value for outcome in DeliveryOutcome if outcome is not _D.ATTEMPTED), OTHER)
ASYNC_OUTCOMES = (*(outcome.value for outcome in AsyncOutcome), OTHER)
FAILURE_CLASSES = (*(failure.value for failure in FailureClass), OTHER)
WORK_OUTCOMES = (*(o.value for o in (AsyncOutcome.STARTED, AsyncOutcome.SUCCEEDED, AsyncOutcome.DISCARDED)), OTHER)
"""A piece of work begins, gets through all stages, or is given up in one of them."""
RETRY_STATES = (*(state.value for state in RetryState), OTHER)
DELAY_BUCKETS = (*(bucket.value for bucket in DelayBucket), OTHER)
FAULT_PLANES = (*(plane.value for plane in FaultPlane), OTHER)
BACKLOG_PLANES = tuple(plane for plane in FAULT_PLANES if plane != FaultPlane.WEBHOOK)
"""A late callback is no backlog."""
CALLBACK_PLANES = tuple(plane for plane in FAULT_PLANES if plane not in {FaultPlane.BACKLOG, FaultPlane.WORKER})
"""Work that waits for us is no late callback."""

AI_REASONS = (*(reason.value for reason in AiReason), OTHER)

_DELIVERY = {names.INTEGRATION: None, names.PROVIDER: None, names.CHANNEL: DELIVERY_CHANNELS}
_FAILURE = {names.FAILURE_CLASS: FAILURE_CLASSES, names.FAULT_PLANE: FAULT_PLANES}
_PIPELINE = {names.INTEGRATION: None, names.PROVIDER: None, names.QUEUE: None}

LABELS: Mapping[str, Mapping[str, tuple[str, ...] | None]] = MappingProxyType(
    {
        names.HTTP_DURATION: MappingProxyType(
            {names.METHOD: (*METHODS, OTHER), names.ROUTE: None, names.STATUS_CLASS: STATUS_CLASSES}
        ),
        names.JOURNEY_DURATION: MappingProxyType(
            # other: an outcome we do not know; counted as an event, neither good nor bad
            {names.JOURNEY: None, names.OUTCOME: (*(outcome.value for outcome in Outcome), OTHER)}
        ),
        names.DB_DURATION: MappingProxyType(
            {names.OPERATION: DB_OPERATIONS, names.ENGINE: None, names.OUTCOME: DB_OUTCOMES}
        ),
        names.DB_POOL_WAIT: MappingProxyType({names.ENGINE: None, names.OUTCOME: DB_POOL_OUTCOMES}),
        names.DB_POOL_CONNECTIONS: MappingProxyType({names.ENGINE: None, names.STATE: DB_POOL_STATES}),
        names.JOB_DURATION: MappingProxyType({names.TASK: None, names.QUEUE: None, names.STATE: JOB_STATES}),
        names.JOB_WAIT: MappingProxyType({names.TASK: None, names.QUEUE: None}),
        names.JOB_RUNNING: MappingProxyType({names.TASK: None, names.QUEUE: None, names.REDELIVERED: REDELIVERED}),
        names.JOB_LOST: MappingProxyType({names.TASK: None, names.QUEUE: None}),
        names.JOB_LAST_SUCCESS: MappingProxyType({names.TASK: None, names.QUEUE: None}),
        names.JOB_BACKLOG_AGE: MappingProxyType({names.QUEUE: None}),
        names.JOB_BACKLOG_SIZE: MappingProxyType({names.QUEUE: None}),
        names.JOB_BACKLOG_LOOKS: MappingProxyType({names.QUEUE: None, names.DELAY_BUCKET: DELAY_BUCKETS}),
        names.PROBE_DURATION: MappingProxyType({names.PROBE: None, names.OUTCOME: PROBE_OUTCOMES}),
        names.DELIVERY_OUTBOUND: MappingProxyType({**_DELIVERY, names.OUTCOME: OUTBOUND_OUTCOMES, **_FAILURE}),
        names.DELIVERY_FEEDBACK: MappingProxyType({**_DELIVERY, names.OUTCOME: FEEDBACK_OUTCOMES, **_FAILURE}),
        names.DELIVERY_WEBHOOK: MappingProxyType(
            {**_DELIVERY, names.OUTCOME: FEEDBACK_OUTCOMES, **_FAILURE, names.DELAY_BUCKET: DELAY_BUCKETS}
        ),
        names.ASYNC_STAGE: MappingProxyType(
            {
                **_PIPELINE,
                names.PIPELINE_STAGE: None,
                names.OUTCOME: ASYNC_OUTCOMES,
                names.RETRY_STATE: RETRY_STATES,
                names.FAULT_PLANE: FAULT_PLANES,
            }
        ),
        names.ASYNC_BACKLOG: MappingProxyType(
            {
                **_PIPELINE,
                names.OUTCOME: ASYNC_OUTCOMES,
                names.DELAY_BUCKET: DELAY_BUCKETS,
                names.FAULT_PLANE: BACKLOG_PLANES,
            }
        ),
        names.ASYNC_CALLBACK: MappingProxyType(
            {
                **_PIPELINE,
                names.PIPELINE_STAGE: None,
                names.OUTCOME: ASYNC_OUTCOMES,
                names.DELAY_BUCKET: DELAY_BUCKETS,
                names.FAULT_PLANE: CALLBACK_PLANES,
            }
        ),
        names.ASYNC_WORK: MappingProxyType({**_PIPELINE, names.OUTCOME: WORK_OUTCOMES}),
        names.ASYNC_RUNNING: MappingProxyType(
            {**_PIPELINE, names.PIPELINE_STAGE: None, names.DELAY_BUCKET: DELAY_BUCKETS}
        ),
        names.AI_GUARDRAIL: MappingProxyType(
            {
                names.INTEGRATION: None,
                names.GUARDRAIL: None,
                names.OUTCOME: (*(outcome.value for outcome in GuardrailOutcome), OTHER),
                names.REASON: AI_REASONS,
            }
        ),
        names.AI_TOOL: MappingProxyType(
            {
                names.INTEGRATION: None,
                names.TOOL: None,
                names.OUTCOME: (*(outcome.value for outcome in ToolOutcome), OTHER),
                names.REASON: AI_REASONS,
            }
        ),
        names.AI_EVALUATION: MappingProxyType(
            {
                names.INTEGRATION: None,
                names.EVALUATION: None,
                names.OUTCOME: (*(outcome.value for outcome in EvaluationOutcome), OTHER),
                names.REASON: AI_REASONS,
            }
        ),
        names.AI_APPROVAL: MappingProxyType(
            {
                names.INTEGRATION: None,
                names.TOOL: None,
                names.OUTCOME: (*(outcome.value for outcome in ApprovalOutcome), OTHER),
            }
        ),
        names.AI_APPROVAL_BACKLOG: MappingProxyType({names.INTEGRATION: None, names.DELAY_BUCKET: DELAY_BUCKETS}),
        names.CHANGE_LAST: MappingProxyType({names.KIND: CHANGE_KINDS}),
        names.HEARTBEAT: MappingProxyType({}),
        names.NODE: MappingProxyType({names.VERSION: None, names.DEFINITIONS: None, names.SCHEMA: None}),
        names.INGEST: MappingProxyType({names.SOURCE: INGEST_SOURCES, names.OUTCOME: INGEST_OUTCOMES}),
        names.MAINTENANCE_UNTIL: MappingProxyType({names.SLICE: None}),
        names.RELEASE: MappingProxyType({names.KIND: ("deploy", "rollback", OTHER), names.VERSION: None}),
        names.REFS_DROPPED: MappingProxyType({names.REASON: None}),
        names.REJECTED: MappingProxyType({names.FAMILY: None, names.REASON: None}),
        names.SWALLOWED: MappingProxyType({names.WHERE: None, names.ERROR: None}),
        names.WORKER_BEAT: MappingProxyType({}),
        names.WORKER_DONE: MappingProxyType({names.WORK: WORKS, names.OUTCOME: WORKER_OUTCOMES}),
        names.WORKER_ITEMS: MappingProxyType({names.WORK: WORKS, names.STATE: WORKER_STATES}),
        names.WORKER_LAG: MappingProxyType({names.WORK: WORKS}),
        names.WORKER_TURN: MappingProxyType({names.WORK: WORKS}),
    }
)
"""Metric family -> label -> the closed set of values, or None where the host decides (bounded at run time)."""

BUCKETS_SECONDS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        names.HTTP_DURATION: HTTP_BUCKETS_SECONDS,
        names.JOURNEY_DURATION: JOURNEY_BUCKETS_SECONDS,
        names.DB_DURATION: DB_BUCKETS_SECONDS,
        names.DB_POOL_WAIT: DB_BUCKETS_SECONDS,
        names.JOB_DURATION: JOB_BUCKETS_SECONDS,
        names.JOB_WAIT: JOB_BUCKETS_SECONDS,
        names.PROBE_DURATION: HTTP_BUCKETS_SECONDS,
        names.WORKER_TURN: HTTP_BUCKETS_SECONDS,
    }
)
"""Histogram family -> its default upper bounds in seconds, without infinity. Who is here is a histogram."""
