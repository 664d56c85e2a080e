"""Indexes for what is read often of much: the signal of open incidents, changes by kind, deliveries, whoever acted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UNRESOLVED = sa.text("state <> 'resolved'")
PARTIAL = (
    ("ix_parapet_incidents_begun", ["service", "started_at"]),
    ("ix_parapet_incidents_signal", ["signal_stale_since", "id"]),
)
WHOLE = (
    ("ix_parapet_changes_time", "parapet_changes", ["occurred_at", "id"]),
    ("ix_parapet_changes_kind", "parapet_changes", ["kind", "service", "occurred_at"]),
    ("ix_parapet_outbox_delivered", "parapet_outbox", ["delivered_at"]),
    ("ix_parapet_audit_actor", "parapet_audit", ["actor_name", "id"]),
)


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    for name, columns in PARTIAL:
        op.create_index(
            name,
            "parapet_incidents",
            columns,
            sqlite_where=UNRESOLVED,
            postgresql_where=UNRESOLVED,
            if_not_exists=True,
        )
    for name, table, columns in WHOLE:
        op.create_index(name, table, columns, if_not_exists=True)


def downgrade() -> None:
    """Nothing is lost with an index."""
    for name, table, _ in WHOLE:
        op.drop_index(name, table)
    for name, _ in PARTIAL:
        op.drop_index(name, "parapet_incidents")
