"""The tables, as they are now. How they came to be is in `migrations`."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from parapet.core.names import TABLE_PREFIX
from parapet.store.columns import CanonicalJson, UtcDateTime, Words
from parapet.store.metadata import Number as Number
from parapet.store.metadata import metadata as metadata
from parapet.store.schema_actions import in_force, ledger, previews, runbooks

inbox = Table(
    f"{TABLE_PREFIX}inbox",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("source", Words(64), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("state", Words(16), nullable=False),  # waiting, done, rejected, dropped
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("error", Words()),
    Column("processed_at", UtcDateTime),
    Index(f"ix_{TABLE_PREFIX}inbox_due", "state", "due_at"),
    Index(f"ix_{TABLE_PREFIX}inbox_received", "received_at"),
    Index(f"ix_{TABLE_PREFIX}inbox_shelf", "state", "id"),
)

incidents = Table(
    f"{TABLE_PREFIX}incidents",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("key", Words(512), nullable=False),
    Column("service", Words(), nullable=False),  # of an alert's label: longer than a name of ours may be
    Column("slice", Words()),
    Column("labels", CanonicalJson, nullable=False),
    Column("title", Words(), nullable=False),
    Column("state", Words(16), nullable=False),
    Column("severity", Words(16), nullable=False),
    Column("severity_rank", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("detected_at", UtcDateTime, nullable=False),
    Column("last_heard_at", UtcDateTime, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("firing", Integer, nullable=False),
    Column("quiet_since", UtcDateTime),
    Column("ends_unconfirmed", Boolean, nullable=False),
    Column("noticed_over", Boolean, nullable=False),
    Column("signal_stale_since", UtcDateTime),
    Column("refired_count", Integer, nullable=False),
    Column("last_fired_at", UtcDateTime, nullable=False),
    Column("last_ended_at", UtcDateTime),
    Column("owner", Words(128)),
    Column("acknowledged_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("resolution", Words(16)),
    Column("previous_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id")),
    Column("declared_by", Words(128)),
    Column("severity_set", Words(16)),
    Column("severity_set_at", UtcDateTime),
    Column("merged_into_id", Number),
    Column("runbook", Words()),
    Column("annotations", CanonicalJson, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),  # counts every write, also those no reader need notice
    Index(
        f"ux_{TABLE_PREFIX}incidents_unresolved",
        "key",
        unique=True,
        sqlite_where=text("state <> 'resolved'"),
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index(f"ix_{TABLE_PREFIX}incidents_key", "key", "id", "started_at"),
    Index(
        f"ix_{TABLE_PREFIX}incidents_queue",
        "severity_rank",
        "started_at",
        "id",
        sqlite_where=text("state <> 'resolved'"),
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index(
        f"ix_{TABLE_PREFIX}incidents_quiet",
        "quiet_since",
        sqlite_where=text("state <> 'resolved'"),
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index(
        f"ix_{TABLE_PREFIX}incidents_begun",
        "service",
        "started_at",
        sqlite_where=text("state <> 'resolved'"),
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index(
        f"ix_{TABLE_PREFIX}incidents_signal",
        "signal_stale_since",
        "id",
        sqlite_where=text("state <> 'resolved'"),
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index(f"ix_{TABLE_PREFIX}incidents_resolved", "state", "resolved_at", "id"),
    Index(f"ix_{TABLE_PREFIX}incidents_slice", "service", "slice", "id"),
)

episodes = Table(
    f"{TABLE_PREFIX}episodes",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("source", Words(64), nullable=False),
    Column("fingerprint", Words(128), nullable=False),
    Column("key", Words(512), nullable=False),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id")),
    Column("severity", Words(16), nullable=False),
    Column("labels", CanonicalJson, nullable=False),
    Column("annotations", CanonicalJson, nullable=False),
    Column("generator_url", Words()),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("first_heard_at", UtcDateTime, nullable=False),
    Column("last_heard_at", UtcDateTime, nullable=False),
    Column("cleared_heard_at", UtcDateTime),
    Column("absent_since", UtcDateTime),
    Column("silenced_by", Words(64)),
    Column("repeats", Integer, nullable=False),
    Column("heard_in", Number),
    Index(f"ix_{TABLE_PREFIX}episodes_alert", "source", "fingerprint", "started_at"),
    Index(f"ix_{TABLE_PREFIX}episodes_incident", "incident_id", "started_at"),
    Index(
        f"ix_{TABLE_PREFIX}episodes_open",
        "key",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        f"ux_{TABLE_PREFIX}episodes_open",
        "source",
        "fingerprint",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

entries = Table(
    f"{TABLE_PREFIX}entries",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Words(32), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor_kind", Words(16), nullable=False),
    Column("actor_name", Words(128), nullable=False),
    Column("payload", CanonicalJson, nullable=False),
    Column("payload_hash", Words(64), nullable=False),
    Column("previous_hash", Words(64), nullable=False),
    Column("hash", Words(64), nullable=False),
    Index(f"ix_{TABLE_PREFIX}entries_when", "incident_id", "occurred_at", "seq", "kind", "actor_kind"),
    Index(
        f"ix_{TABLE_PREFIX}entries_left_out",
        "incident_id",
        sqlite_where=text("""payload LIKE '%"truncated":%'"""),
        postgresql_where=text("""payload LIKE '%"truncated":%'"""),
    ),
)

heads = Table(
    f"{TABLE_PREFIX}heads",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", Words(64), nullable=False),
)
"""The last entry of each chronology, so that a missing end is noticed too."""

changes = Table(
    f"{TABLE_PREFIX}changes",
    metadata,
    Column("id", Words(64), primary_key=True),
    Column("dedupe_key", Words(512), nullable=False),
    Column("kind", Words(32), nullable=False),
    Column("service", Words(128), nullable=False),
    Column("title", Words(), nullable=False),
    Column("version", Words(128)),
    Column("url", Words()),
    Column("details", CanonicalJson, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor_kind", Words(16), nullable=False),
    Column("actor_name", Words(128), nullable=False),
    UniqueConstraint("dedupe_key", name=f"ux_{TABLE_PREFIX}changes_dedupe"),
    Index(f"ix_{TABLE_PREFIX}changes_when", "service", "occurred_at"),
    Index(f"ix_{TABLE_PREFIX}changes_time", "occurred_at", "id"),
    Index(f"ix_{TABLE_PREFIX}changes_kind", "kind", "service", "occurred_at"),
)

outbox = Table(
    f"{TABLE_PREFIX}outbox",
    metadata,
    Column("id", Words(64), primary_key=True),
    Column("dedupe_key", Words(256), nullable=False),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
    Column("channel", Words(64), nullable=False),
    Column("announcement", Words(32), nullable=False),
    Column("message", CanonicalJson, nullable=False),
    Column("state", Words(16), nullable=False),  # waiting, delivered, dead
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("lease_owner", Words(64)),
    Column("leased_until", UtcDateTime),
    Column("last_error", Words()),
    Column("delivered_at", UtcDateTime),
    Column("recipient", Words(255)),
    Column("person", Words(128)),
    Column("why", Words()),
    Column("said", Words()),
    UniqueConstraint("dedupe_key", name=f"ux_{TABLE_PREFIX}outbox_dedupe"),
    Index(f"ix_{TABLE_PREFIX}outbox_due", "state", "due_at"),
    Index(f"ix_{TABLE_PREFIX}outbox_incident", "incident_id", "created_at"),
    Index(f"ix_{TABLE_PREFIX}outbox_delivered", "delivered_at"),
)

audit = Table(
    f"{TABLE_PREFIX}audit",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor_kind", Words(16), nullable=False),
    Column("actor_name", Words(128), nullable=False),
    Column("verb", Words(64), nullable=False),
    Column("target", Words(128), nullable=False),
    Column("outcome", Words(16), nullable=False),  # done, refused
    Column("reason", Words()),
    Column("details", CanonicalJson, nullable=False),
    Index(f"ix_{TABLE_PREFIX}audit_target", "target", "id"),
    Index(f"ix_{TABLE_PREFIX}audit_actor", "actor_name", "id"),
)

retrospectives = Table(
    f"{TABLE_PREFIX}retrospectives",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True),
    Column("incident_version", Integer, primary_key=True, autoincrement=False),
    Column("composed_at", UtcDateTime, nullable=False),
    Column("body", CanonicalJson, nullable=False),
)

heartbeats = Table(
    f"{TABLE_PREFIX}heartbeats",
    metadata,
    Column("name", Words(128), primary_key=True),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("took_seconds", Float, nullable=False),
    Column("about", CanonicalJson),  # of a node: where it runs, and what it runs with
)

probes = Table(
    f"{TABLE_PREFIX}probes",
    metadata,
    Column("name", Words(255), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("lease_owner", Words(64)),
    Column("leased_until", UtcDateTime),
    Column("last_outcome", Words(16)),  # success, failure, timeout, crashed
    Column("last_detail", Words()),
    Column("last_started_at", UtcDateTime),
    Column("last_took_seconds", Float),
    Column("runs", Integer, nullable=False),
)

words = Table(
    f"{TABLE_PREFIX}words",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),  # as `incidents.words` cuts it, one space between two words
)
"""What incidents are found by. Its index, and SQLite's full-text table, are in `dialect.full_text_statements`."""

action_items = Table(
    f"{TABLE_PREFIX}action_items",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("service", Words(128), nullable=False),
    Column("kind", Words(64), nullable=False),
    Column("object_id", Words(255), nullable=False),
    Column("about", Words(160), nullable=False),  # an incident or a slice: with kind and object, the identity
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id")),
    Column("slice", Words()),
    Column("title", Words(), nullable=False),
    Column("url", Words()),
    Column("details", CanonicalJson, nullable=False),
    Column("state", Words(16), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", Words(128), nullable=False),
    Column("told", Integer, nullable=False),
    Column("last_told_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by", Words(128)),
    Column("reason", Words()),
    Column("version", Integer, nullable=False),
    UniqueConstraint("service", "kind", "object_id", "about", name=f"ux_{TABLE_PREFIX}action_items_object"),
    Index(f"ix_{TABLE_PREFIX}action_items_state", "state", "opened_at", "id"),
    Index(f"ix_{TABLE_PREFIX}action_items_incident", "incident_id", "id"),
    Index(f"ix_{TABLE_PREFIX}action_items_slice", "service", "slice", "state", "id"),
)

measurements = Table(
    f"{TABLE_PREFIX}measurements",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("incident_version", Integer, primary_key=True, autoincrement=False),
    Column("moment", Words(16), primary_key=True),
    Column("until_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index(f"ix_{TABLE_PREFIX}measurements_due", "due_at"),
)
"""Series that are still to be asked for. What came of one is an entry, and its row goes."""

routes = Table(
    f"{TABLE_PREFIX}routes",
    metadata,
    Column("route", Words(700), primary_key=True),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
)
"""Where operators sent alerts that would have gone elsewhere."""

requests = Table(
    f"{TABLE_PREFIX}requests",
    metadata,
    Column("key", Words(300), primary_key=True),
    Column("digest", Words(64), nullable=False),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
    Column("done_at", UtcDateTime, nullable=False),
    Index(f"ix_{TABLE_PREFIX}requests_done", "done_at"),
)
"""What was done for a request that named itself, so that it is done once however often it is sent."""

sightings = Table(
    f"{TABLE_PREFIX}sightings",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("service", Words(128), nullable=False),
    Column("signal", Words(64), nullable=False),
    Column("subject", Words(128), nullable=False),
    Column("went_wrong", Boolean, nullable=False),
    Column("fields", CanonicalJson, nullable=False),
    Column("refs", CanonicalJson, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index(f"ix_{TABLE_PREFIX}sightings_about", "service", "subject", "seen_at"),
    Index(f"ix_{TABLE_PREFIX}sightings_seen", "seen_at"),
)
"""Exact identifiers that events came with. Kept for days, not for good."""

sighting_refs = Table(
    f"{TABLE_PREFIX}sighting_refs",
    metadata,
    Column("value", Words(256), primary_key=True),
    Column("sighting_id", Number, primary_key=True),
    Index(f"ix_{TABLE_PREFIX}sighting_refs_of", "sighting_id"),
)
"""Which sightings an identifier, without its case, was seen in. They go together."""

APPEND_ONLY = (entries, audit, previews, ledger, runbooks, in_force)
"""Tables of which the database itself refuses to change or remove a row."""
