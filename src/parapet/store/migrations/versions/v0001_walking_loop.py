"""Everything the walking loop remembers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from parapet.store.columns import CanonicalJson, UtcDateTime
from parapet.store.dialect import append_only_statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
UNRESOLVED = sa.text("state <> 'resolved'")
OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_inbox",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("processed_at", UtcDateTime),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_incidents",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("slice", sa.Text),
        sa.Column("labels", CanonicalJson, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("severity_rank", sa.Integer, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("detected_at", UtcDateTime, nullable=False),
        sa.Column("last_heard_at", UtcDateTime, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("firing", sa.Integer, nullable=False),
        sa.Column("quiet_since", UtcDateTime),
        sa.Column("refired_count", sa.Integer, nullable=False),
        sa.Column("last_fired_at", UtcDateTime, nullable=False),
        sa.Column("last_ended_at", UtcDateTime),
        sa.Column("owner", sa.String(128)),
        sa.Column("acknowledged_at", UtcDateTime),
        sa.Column("resolved_at", UtcDateTime),
        sa.Column("resolution", sa.String(16)),
        sa.Column("previous_id", Number, sa.ForeignKey("parapet_incidents.id")),
        sa.Column("runbook", sa.Text),
        sa.Column("annotations", CanonicalJson, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_episodes",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(128), nullable=False),
        sa.Column("key", sa.String(512), nullable=False),
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id")),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("labels", CanonicalJson, nullable=False),
        sa.Column("annotations", CanonicalJson, nullable=False),
        sa.Column("generator_url", sa.Text),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("restarted_at", UtcDateTime),
        sa.Column("first_heard_at", UtcDateTime, nullable=False),
        sa.Column("last_heard_at", UtcDateTime, nullable=False),
        sa.Column("cleared_heard_at", UtcDateTime),
        sa.Column("repeats", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_entries",
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(128), nullable=False),
        sa.Column("payload", CanonicalJson, nullable=False),
        sa.Column("payload_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_changes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("dedupe_key", sa.String(512), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("version", sa.String(128)),
        sa.Column("url", sa.Text),
        sa.Column("details", CanonicalJson, nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(128), nullable=False),
        sa.UniqueConstraint("dedupe_key", name="ux_parapet_changes_dedupe"),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_outbox",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("dedupe_key", sa.String(256), nullable=False),
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id"), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("announcement", sa.String(32), nullable=False),
        sa.Column("message", CanonicalJson, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("leased_until", UtcDateTime),
        sa.Column("last_error", sa.Text),
        sa.Column("delivered_at", UtcDateTime),
        sa.UniqueConstraint("dedupe_key", name="ux_parapet_outbox_dedupe"),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_audit",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(128), nullable=False),
        sa.Column("verb", sa.String(64), nullable=False),
        sa.Column("target", sa.String(128), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("details", CanonicalJson, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_retrospectives",
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id"), primary_key=True),
        sa.Column("incident_version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("composed_at", UtcDateTime, nullable=False),
        sa.Column("body", CanonicalJson, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_heartbeats",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("beat_at", UtcDateTime, nullable=False),
        sa.Column("took_seconds", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_parapet_inbox_due", "parapet_inbox", ["state", "due_at"], if_not_exists=True)
    op.create_index("ix_parapet_inbox_received", "parapet_inbox", ["received_at"], if_not_exists=True)
    op.create_index(
        "ux_parapet_incidents_unresolved",
        "parapet_incidents",
        ["key"],
        unique=True,
        sqlite_where=UNRESOLVED,
        postgresql_where=UNRESOLVED,
        if_not_exists=True,
    )
    op.create_index("ix_parapet_incidents_key", "parapet_incidents", ["key", "id"], if_not_exists=True)
    op.create_index(
        "ix_parapet_incidents_queue",
        "parapet_incidents",
        ["severity_rank", "started_at", "id"],
        sqlite_where=UNRESOLVED,
        postgresql_where=UNRESOLVED,
        if_not_exists=True,
    )
    op.create_index(
        "ix_parapet_incidents_quiet",
        "parapet_incidents",
        ["quiet_since"],
        sqlite_where=UNRESOLVED,
        postgresql_where=UNRESOLVED,
        if_not_exists=True,
    )
    op.create_index(
        "ix_parapet_incidents_resolved", "parapet_incidents", ["state", "resolved_at", "id"], if_not_exists=True
    )
    op.create_index("ix_parapet_incidents_slice", "parapet_incidents", ["service", "slice", "id"], if_not_exists=True)
    op.create_index(
        "ix_parapet_episodes_alert", "parapet_episodes", ["source", "fingerprint", "started_at"], if_not_exists=True
    )
    op.create_index(
        "ix_parapet_episodes_incident", "parapet_episodes", ["incident_id", "started_at"], if_not_exists=True
    )
    op.create_index(
        "ix_parapet_episodes_open",
        "parapet_episodes",
        ["key"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
        if_not_exists=True,
    )
    op.create_index(
        "ux_parapet_episodes_open",
        "parapet_episodes",
        ["source", "fingerprint"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
        if_not_exists=True,
    )
    op.create_index("ix_parapet_changes_when", "parapet_changes", ["service", "occurred_at"], if_not_exists=True)
    op.create_index("ix_parapet_outbox_due", "parapet_outbox", ["state", "due_at"], if_not_exists=True)
    op.create_index("ix_parapet_outbox_incident", "parapet_outbox", ["incident_id", "created_at"], if_not_exists=True)
    op.create_index("ix_parapet_audit_target", "parapet_audit", ["target", "id"], if_not_exists=True)
    for table in ("parapet_entries", "parapet_audit"):
        for statement in append_only_statements(table, context.get_context().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the parapet_ tables by hand if you mean it.")
