"""When probes are due, and who runs them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_probes",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("lease_owner", sa.String(64)),
        sa.Column("leased_until", UtcDateTime),
        sa.Column("last_outcome", sa.String(16)),
        sa.Column("last_detail", sa.Text),
        sa.Column("last_started_at", UtcDateTime),
        sa.Column("last_took_seconds", sa.Float),
        sa.Column("runs", sa.Integer, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Probes can be asked again, so nothing is lost but when they last ran."""
    op.drop_table("parapet_probes")
