"""Series of burn that are still to be asked for, around the moments of incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_measurements",
        sa.Column(
            "incident_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("parapet_incidents.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("incident_version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("moment", sa.String(16), primary_key=True),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_parapet_measurements_due", "parapet_measurements", ["due_at"], if_not_exists=True)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop parapet_measurements by hand if you mean it.")
