"""Maintenance that people begin and plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_maintenances",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("what", sa.String(128), nullable=False),
        sa.Column("slices", sa.Text, nullable=False),
        sa.Column("start_at", UtcDateTime, nullable=False),
        sa.Column("end_at", UtcDateTime, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("planned_at", UtcDateTime, nullable=False),
        sa.Column("ended_by", sa.String(128)),
        sa.Column("ended_because", sa.Text, nullable=False),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("over", sa.Boolean, nullable=False),
        if_not_exists=True,
    )
    for name, columns in (("end", ["service", "end_at"]), ("untold", ["service", "over", "id"])):
        op.create_index(f"ix_parapet_maintenances_{name}", "parapet_maintenances", columns, if_not_exists=True)


def downgrade() -> None:
    """Who ended what, and why, is in the audit."""
    op.drop_table("parapet_maintenances")
