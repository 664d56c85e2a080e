"""Who is called, if nobody takes an incident; and who stands in for whom."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_escalations",
        sa.Column("incident_id", NUMBER, sa.ForeignKey("parapet_incidents.id"), primary_key=True, autoincrement=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("held", sa.Boolean, nullable=False),
        sa.Column("suppressed_until", UtcDateTime),
        sa.Column("suppressed_by", sa.String(128)),
        sa.Column("lapsed_ack_at", UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "ix_parapet_escalations_due",
        "parapet_escalations",
        ["due_at", "incident_id"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
        if_not_exists=True,
    )
    op.create_table(
        "parapet_overrides",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("rotation", sa.String(128), nullable=False),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("start_at", UtcDateTime, nullable=False),
        sa.Column("end_at", UtcDateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_parapet_overrides_end", "parapet_overrides", ["end_at"], if_not_exists=True)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the tables by hand if you mean it.")
