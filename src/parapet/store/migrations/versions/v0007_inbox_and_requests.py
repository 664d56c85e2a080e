"""Bodies to look at together, and requests that name themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add what is missing: a step that was interrupted is taken again from the start."""
    op.create_index("ix_parapet_inbox_shelf", "parapet_inbox", ["state", "id"], if_not_exists=True)
    op.create_table(
        "parapet_requests",
        sa.Column("key", sa.String(300), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id"), nullable=False),
        sa.Column("done_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_parapet_requests_done", "parapet_requests", ["done_at"], if_not_exists=True)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the table by hand if you mean it.")
