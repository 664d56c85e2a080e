"""Every outward name, spelled once: metrics, labels, recorded series, alerts, headers, tables."""

from __future__ import annotations

# Metrics (Prometheus conventions: base units, _total for counters).
HTTP_DURATION = "parapet_http_request_duration_seconds"
JOURNEY_DURATION = "parapet_journey_duration_seconds"
DB_DURATION = "parapet_db_query_duration_seconds"
DB_POOL_WAIT = "parapet_db_pool_wait_seconds"
DB_POOL_CONNECTIONS = "parapet_db_pool_connections"
JOB_DURATION = "parapet_job_duration_seconds"
JOB_WAIT = "parapet_job_wait_seconds"
JOB_RUNNING = "parapet_job_running"
JOB_LOST = "parapet_job_lost_total"
JOB_LAST_SUCCESS = "parapet_job_last_success_timestamp_seconds"
JOB_BACKLOG_AGE = "parapet_job_backlog_age_seconds"
JOB_BACKLOG_SIZE = "parapet_job_backlog_size"
JOB_BACKLOG_LOOKS = "parapet_job_backlog_looks_total"
PROBE_DURATION = "parapet_probe_duration_seconds"
DELIVERY_OUTBOUND = "parapet_delivery_outbound_total"
DELIVERY_FEEDBACK = "parapet_delivery_provider_feedback_total"
DELIVERY_WEBHOOK = "parapet_delivery_webhook_ingest_total"
ASYNC_STAGE = "parapet_async_stage_total"
ASYNC_BACKLOG = "parapet_async_backlog_total"
ASYNC_CALLBACK = "parapet_async_callback_total"
ASYNC_WORK = "parapet_async_work_total"
ASYNC_RUNNING = "parapet_async_running_total"
AI_GUARDRAIL = "parapet_ai_guardrail_total"
AI_TOOL = "parapet_ai_tool_total"
AI_EVALUATION = "parapet_ai_evaluation_total"
AI_APPROVAL = "parapet_ai_approval_total"
AI_APPROVAL_BACKLOG = "parapet_ai_approval_backlog_total"
CHANGE_LAST = "parapet_change_last_timestamp_seconds"
HEARTBEAT = "parapet_heartbeat_timestamp_seconds"
NODE = "parapet_node_timestamp_seconds"
INGEST = "parapet_ingest_bodies_total"
MAINTENANCE_UNTIL = "parapet_maintenance_until_timestamp_seconds"
RELEASE = "parapet_release_timestamp_seconds"
REFS_DROPPED = "parapet_refs_dropped_total"
REJECTED = "parapet_signals_rejected_total"
SWALLOWED = "parapet_guard_swallowed_total"
WORKER_BEAT = "parapet_worker_beat_timestamp_seconds"
WORKER_DONE = "parapet_worker_done_total"
WORKER_ITEMS = "parapet_worker_items"
WORKER_LAG = "parapet_worker_lag_seconds"
WORKER_TURN = "parapet_worker_turn_seconds"

# Labels of those metrics.
METHOD = "method"
ROUTE = "route"
STATUS_CLASS = "status_class"
JOURNEY = "journey"
OUTCOME = "outcome"
OPERATION = "operation"
ENGINE = "engine"
STATE = "state"
TASK = "task"
QUEUE = "queue"
REDELIVERED = "redelivered"
PROVIDER = "provider"
INTEGRATION = "integration"
PROBE = "probe"
CHANNEL = "channel"
FAILURE_CLASS = "failure_class"
DELAY_BUCKET = "delay_bucket"
PIPELINE_STAGE = "pipeline_stage"
RETRY_STATE = "retry_state"
GUARDRAIL = "guardrail"
TOOL = "tool"
EVALUATION = "evaluation"
FAMILY = "family"
KIND = "kind"
VERSION = "version"
DEFINITIONS = "definitions"
SCHEMA = "schema"
REASON = "reason"
SOURCE = "source"
WHERE = "where"
WORK = "work"
ERROR = "error"

# Labels that our rules put on recorded series and alerts.
SERVICE = "service"
SLICE = "slice"
SEVERITY = "severity"
WINDOW = "window"
TIER = "tier"
SIGNAL = "signal"
TARGET = "target"
MAINTENANCE = "maintenance"
ZONE = "zone"
DASHBOARD = "dashboard"
"""Of the info series: the identifier of the Grafana dashboard that looks at the promise more closely."""
TEST_KEY = "parapet_test"
"""Of the test alert: which one it is."""
WORKBENCH = "workbench"
"""Of the info series: where the service's workbench is."""

# Alerts: one name per severity, so that routes and inhibitions can be written once.
ALERT_PAGE = "ParapetBudgetBurnPage"
ALERT_WATCHDOG = "ParapetWatchdog"
"""Always firing: that it is heard says that alerts reach us."""
ALERT_TEST = "ParapetTest"
"""Sent by the doctor through everything that alerts pass: it is heard, opens no incident and tells nobody."""
ALERT_TICKET = "ParapetBudgetBurnTicket"
ALERT_DIAGNOSTIC = "ParapetDiagnostic"
ALERT_STALE = "ParapetSignalStale"
ALERT_WORKER_SILENT = "ParapetWorkerSilent"
"""No worker went round for too long: nobody is told of anything."""
ALERT_WORKER_BEHIND = "ParapetWorkerBehind"
"""Workers go round, and what is due waits for too long."""

# Annotations that our alerts carry.
SUMMARY = "summary"
DESCRIPTION = "description"
RUNBOOK = "runbook"
RUNBOOK_URL = "runbook_url"
WORKBENCH_URL = "workbench_url"
WORKBENCH_POINTER = "Evidence, changes and next steps: "
"""What a description of ours ends with, before the address."""
TITLE = "title"
BUDGET = "budget"
FAULT_PLANE = "fault_plane"
OWNER = "owner"

# Labels that never tell two incidents apart: the same trouble, seen at another loudness or on another machine.
UNSTABLE_LABELS = frozenset(
    {
        "alertname",
        SEVERITY,
        TIER,
        WINDOW,
        "instance",
        "pod",
        "replica",
        "host",
        "node",
        "endpoint",
        "container",
    }
    | {"prometheus", "prometheus_replica", "monitor", "job", "cluster_replica"}
)

# Alertmanager.
RECEIVER_PREFIX = "parapet-"
"""Before the service's name: what its receiver is called."""

# Database.
TABLE_PREFIX = "parapet_"
VERSION_TABLE = "parapet_schema_version"

# Messages to a broker.
JOB_PUBLISHED = "parapet_published"

# HTTP.
SIGNATURE_HEADER = "Parapet-Signature"
TIMESTAMP_HEADER = "Parapet-Timestamp"
DELIVERY_HEADER = "Parapet-Delivery"
GRAFANA_SIGNATURE_HEADER = "X-Grafana-Alerting-Signature"
