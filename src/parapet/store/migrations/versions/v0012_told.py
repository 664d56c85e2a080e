"""Whom a notification was for, why it was sent, what the channel did; and what channels keep of an incident."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OUTBOX = "parapet_outbox"
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add what is missing: a step that was interrupted is taken again from the start."""
    printed = op.get_context().as_sql  # statements for somebody to run: there is nothing to look at
    present = set() if printed else {column["name"] for column in sa.inspect(op.get_bind()).get_columns(OUTBOX)}
    for column in (
        sa.Column("recipient", sa.String(255)),
        sa.Column("person", sa.String(128)),
        sa.Column("why", sa.Text),
        sa.Column("said", sa.Text),
    ):
        if column.name not in present:
            op.add_column(OUTBOX, column)
    op.create_table(
        "parapet_threads",
        sa.Column("incident_id", NUMBER, sa.ForeignKey("parapet_incidents.id"), primary_key=True, autoincrement=False),
        sa.Column("channel", sa.String(64), primary_key=True),
        sa.Column("recipient", sa.String(255), primary_key=True),
        sa.Column("kept", sa.Text, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the columns by hand if you mean it.")
