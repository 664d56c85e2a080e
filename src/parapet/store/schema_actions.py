"""The tables of actions, as they are now: previews, runs, the ledger, claims."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from parapet.core.names import TABLE_PREFIX
from parapet.store.columns import CanonicalJson, UtcDateTime, Words
from parapet.store.metadata import Number, metadata

previews = Table(
    f"{TABLE_PREFIX}previews",
    metadata,
    Column("id", Words(64), primary_key=True),
    Column("service", Words(128), nullable=False),
    Column("capability", Words(64), nullable=False),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
    Column("incident_version", Integer, nullable=False),
    Column("slice", Words()),
    Column("actor_kind", Words(16), nullable=False),
    Column("actor_name", Words(128), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("inputs", CanonicalJson, nullable=False),
    Column("proposal", CanonicalJson, nullable=False),
    Column("content", Words(64), nullable=False),
    Column("digest", Words(64), nullable=False),
    Index(f"ix_{TABLE_PREFIX}previews_incident", "incident_id", "created_at"),
)
"""What would have happened, as somebody saw it."""

runs = Table(
    f"{TABLE_PREFIX}runs",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("key", Words(300), nullable=False),
    Column("preview_id", Words(64), ForeignKey(f"{TABLE_PREFIX}previews.id"), nullable=False),
    Column("service", Words(128), nullable=False),
    Column("capability", Words(64), nullable=False),
    Column("slice", Words()),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
    Column("actor_kind", Words(16), nullable=False),
    Column("actor_name", Words(128), nullable=False),
    Column("reason", Words(), nullable=False),
    Column("state", Words(16), nullable=False),  # running, done, failed, unknown
    Column("target_count", Integer, nullable=False),
    Column("failed", CanonicalJson, nullable=False),
    Column("note", Words(), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("leased_until", UtcDateTime),
    Column("break_glass", Boolean, nullable=False),
    Column("approved_by", Words(128)),
    Column("settled_by", Words(128)),
    Column("undo", Words(16), nullable=False),
    Column("undo_until", UtcDateTime),
    Column("undo_leased_until", UtcDateTime),
    Column("effect", Words(16)),
    Column("watch_until", UtcDateTime),
    Column("watch_due_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    UniqueConstraint("key", name=f"ux_{TABLE_PREFIX}runs_key"),
    UniqueConstraint("preview_id", name=f"ux_{TABLE_PREFIX}runs_preview"),
    Index(f"ix_{TABLE_PREFIX}runs_incident", "incident_id", "id"),
    Index(f"ix_{TABLE_PREFIX}runs_capability", "service", "capability", "started_at"),
    Index(f"ix_{TABLE_PREFIX}runs_lease", "state", "leased_until"),
    Index(f"ix_{TABLE_PREFIX}runs_undo", "undo", "undo_leased_until"),
    Index(f"ix_{TABLE_PREFIX}runs_watch", "watch_due_at"),
)
"""How each run of a capability stands. What happened to it is in the ledger."""

ledger = Table(
    f"{TABLE_PREFIX}ledger",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("run_id", Number, ForeignKey(f"{TABLE_PREFIX}runs.id"), nullable=False),
    Column("kind", Words(16), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("actor_kind", Words(16), nullable=False),
    Column("actor_name", Words(128), nullable=False),
    Column("service", Words(128), nullable=False),
    Column("capability", Words(64), nullable=False),
    Column("slice", Words()),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
    Column("body", CanonicalJson, nullable=False),
    UniqueConstraint("run_id", "kind", name=f"ux_{TABLE_PREFIX}ledger_once"),
    Index(f"ix_{TABLE_PREFIX}ledger_capability", "capability", "id"),
)
"""Who did what. Of one run, each kind of line is written once."""

claims = Table(
    f"{TABLE_PREFIX}claims",
    metadata,
    Column("key", Words(700), primary_key=True),
    Column("owner", Words(300)),
    Column("holder", Words(128)),
    Column("leased_until", UtcDateTime),
)
"""Who acts at this moment: one run of a capability at a time on a slice."""

approvals = Table(
    f"{TABLE_PREFIX}approvals",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("content", Words(64), nullable=False),
    Column("preview_id", Words(64), ForeignKey(f"{TABLE_PREFIX}previews.id"), nullable=False),
    Column("service", Words(128), nullable=False),
    Column("capability", Words(64), nullable=False),
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), nullable=False),
    Column("asked_by", Words(128), nullable=False),
    Column("reason", Words(), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("until_at", UtcDateTime, nullable=False),
    Column("state", Words(16), nullable=False),  # waiting, approved, denied
    Column("decided_by", Words(128)),
    Column("decided_at", UtcDateTime),
    Column("decision_reason", Words()),
    Column("version", Integer, nullable=False),
    Index(f"ix_{TABLE_PREFIX}approvals_content", "content", "id"),
    Index(f"ix_{TABLE_PREFIX}approvals_state", "state", "until_at"),
    Index(f"ix_{TABLE_PREFIX}approvals_incident", "incident_id", "id"),
)
"""Second persons: asked for what exactly would happen, and what they said."""

automatic = Table(
    f"{TABLE_PREFIX}automatic",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("capability", Words(64), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("tripped_at", UtcDateTime),
    Column("said", Words()),
    Index(f"ix_{TABLE_PREFIX}automatic_due", "due_at"),
)
"""When an automatic step is tried next, and what it was refused for last."""

runbooks = Table(
    f"{TABLE_PREFIX}runbooks",
    metadata,
    Column("digest", Words(64), primary_key=True),
    Column("name", Words(128), nullable=False),
    Column("body", CanonicalJson, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Index(f"ix_{TABLE_PREFIX}runbooks_name", "name", "first_seen_at"),
)
"""Every version of a runbook that was in force for an incident."""

in_force = Table(
    f"{TABLE_PREFIX}in_force",
    metadata,
    Column("incident_id", Number, ForeignKey(f"{TABLE_PREFIX}incidents.id"), primary_key=True, autoincrement=False),
    Column("name", Words(128), primary_key=True),
    Column("digest", Words(64), ForeignKey(f"{TABLE_PREFIX}runbooks.digest"), nullable=False),
    Column("place", Integer, nullable=False),
)
"""The runbooks that were in force when an incident opened."""

mirrors = Table(
    f"{TABLE_PREFIX}mirrors",
    metadata,
    Column("name", Words(128), primary_key=True),
    Column("cursor", Number, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", Words(64)),
    Column("leased_until", UtcDateTime),
    Column("last_error", Words()),
)
"""How far each audit sink of the host has the ledger."""
