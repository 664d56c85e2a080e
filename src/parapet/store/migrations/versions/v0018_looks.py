"""Who looked at what, for those who want it kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_looks",
        sa.Column("incident_id", NUMBER, sa.ForeignKey("parapet_incidents.id"), primary_key=True, autoincrement=False),
        sa.Column("who", sa.String(128), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_parapet_looks_last", "parapet_looks", ["last_at"], if_not_exists=True)


def downgrade() -> None:
    """Looks are kept for a bounded time anyway."""
    op.drop_table("parapet_looks")
