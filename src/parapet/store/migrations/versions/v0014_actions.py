"""Actions: previews, runs, the ledger, claims, approvals, automatic steps, runbooks in force, mirrors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from parapet.store.columns import UtcDateTime
from parapet.store.dialect import append_only_statements

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _actor() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.String(128), nullable=False),
    )


def upgrade() -> None:
    """Add the tables, as far as they are missing: an interrupted step is taken again."""
    incident = "parapet_incidents.id"
    op.create_table(
        "parapet_previews",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("capability", sa.String(64), nullable=False),
        sa.Column("incident_id", Number, sa.ForeignKey(incident), nullable=False),
        sa.Column("incident_version", sa.Integer, nullable=False),
        sa.Column("slice", sa.Text),
        *_actor(),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("proposal", sa.Text, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_runs",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(300), nullable=False),
        sa.Column("preview_id", sa.String(64), sa.ForeignKey("parapet_previews.id"), nullable=False),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("capability", sa.String(64), nullable=False),
        sa.Column("slice", sa.Text),
        sa.Column("incident_id", Number, sa.ForeignKey(incident), nullable=False),
        *_actor(),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("target_count", sa.Integer, nullable=False),
        sa.Column("failed", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("leased_until", UtcDateTime),
        sa.Column("break_glass", sa.Boolean, nullable=False),
        sa.Column("approved_by", sa.String(128)),
        sa.Column("settled_by", sa.String(128)),
        sa.Column("undo", sa.String(16), nullable=False),
        sa.Column("undo_until", UtcDateTime),
        sa.Column("undo_leased_until", UtcDateTime),
        sa.Column("effect", sa.String(16)),
        sa.Column("watch_until", UtcDateTime),
        sa.Column("watch_due_at", UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("key", name="ux_parapet_runs_key"),
        sa.UniqueConstraint("preview_id", name="ux_parapet_runs_preview"),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_ledger",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("run_id", Number, sa.ForeignKey("parapet_runs.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        *_actor(),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("capability", sa.String(64), nullable=False),
        sa.Column("slice", sa.Text),
        sa.Column("incident_id", Number, sa.ForeignKey(incident), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("run_id", "kind", name="ux_parapet_ledger_once"),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_claims",
        sa.Column("key", sa.String(700), primary_key=True),
        sa.Column("owner", sa.String(300)),
        sa.Column("holder", sa.String(128)),
        sa.Column("leased_until", UtcDateTime),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_approvals",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("preview_id", sa.String(64), sa.ForeignKey("parapet_previews.id"), nullable=False),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("capability", sa.String(64), nullable=False),
        sa.Column("incident_id", Number, sa.ForeignKey(incident), nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(128)),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decision_reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_automatic",
        sa.Column("incident_id", Number, sa.ForeignKey(incident), primary_key=True, autoincrement=False),
        sa.Column("capability", sa.String(64), primary_key=True),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("tripped_at", UtcDateTime),
        sa.Column("said", sa.Text),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_runbooks",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("first_seen_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_in_force",
        sa.Column("incident_id", Number, sa.ForeignKey(incident), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("digest", sa.String(64), sa.ForeignKey("parapet_runbooks.digest"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_mirrors",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("cursor", Number, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("leased_until", UtcDateTime),
        sa.Column("last_error", sa.Text),
        if_not_exists=True,
    )
    for name, table, columns in (
        ("approvals_content", "approvals", ["content", "id"]),
        ("approvals_state", "approvals", ["state", "until_at"]),
        ("approvals_incident", "approvals", ["incident_id", "id"]),
        ("automatic_due", "automatic", ["due_at"]),
        ("runbooks_name", "runbooks", ["name", "first_seen_at"]),
        ("previews_incident", "previews", ["incident_id", "created_at"]),
        ("runs_incident", "runs", ["incident_id", "id"]),
        ("runs_capability", "runs", ["service", "capability", "started_at"]),
        ("runs_lease", "runs", ["state", "leased_until"]),
        ("runs_undo", "runs", ["undo", "undo_leased_until"]),
        ("runs_watch", "runs", ["watch_due_at"]),
        ("ledger_capability", "ledger", ["capability", "id"]),
    ):
        op.create_index(f"ix_parapet_{name}", f"parapet_{table}", columns, if_not_exists=True)
    for table in ("parapet_previews", "parapet_ledger", "parapet_runbooks", "parapet_in_force"):
        for statement in append_only_statements(table, context.get_context().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the tables by hand if you mean it.")
