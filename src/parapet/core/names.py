"""Every outward name, spelled once: metrics, labels, recorded series, alerts, headers, tables."""

from __future__ import annotations

# Metrics (Prometheus conventions: base units, _total for counters).
HTTP_DURATION = "parapet_http_request_duration_seconds"
JOURNEY_DURATION = "parapet_journey_duration_seconds"
REJECTED = "parapet_signals_rejected_total"
SWALLOWED = "parapet_guard_swallowed_total"

# Labels of those metrics.
METHOD = "method"
ROUTE = "route"
STATUS_CLASS = "status_class"
JOURNEY = "journey"
OUTCOME = "outcome"
FAMILY = "family"
REASON = "reason"
WHERE = "where"
ERROR = "error"

# Labels that our rules put on recorded series and alerts.
SERVICE = "service"
SLICE = "slice"
SEVERITY = "severity"
WINDOW = "window"
TIER = "tier"

# Alerts: one name per severity, so that routes and inhibitions can be written once.
ALERT_PAGE = "ParapetBudgetBurnPage"
ALERT_TICKET = "ParapetBudgetBurnTicket"

# Annotations that our alerts carry.
SUMMARY = "summary"
DESCRIPTION = "description"
RUNBOOK = "runbook"
RUNBOOK_URL = "runbook_url"
WORKBENCH_URL = "workbench_url"
TITLE = "title"
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

# Database.
TABLE_PREFIX = "parapet_"
VERSION_TABLE = "parapet_schema_version"

# HTTP.
SIGNATURE_HEADER = "Parapet-Signature"
TIMESTAMP_HEADER = "Parapet-Timestamp"
DELIVERY_HEADER = "Parapet-Delivery"
