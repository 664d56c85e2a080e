"""What Alertmanager was seen to list, and since when nothing is heard."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing: a step that was interrupted is taken again from the start."""
    _add(
        "parapet_incidents",
        sa.Column("ends_unconfirmed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("signal_stale_since", UtcDateTime),
    )
    _add("parapet_episodes", sa.Column("absent_since", UtcDateTime), sa.Column("silenced_by", sa.String(64)))


def _add(table: str, *columns: sa.Column[object]) -> None:
    printed = op.get_context().as_sql  # statements for somebody to run: there is nothing to look at
    there = set() if printed else {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}
    for column in columns:
        if column.name not in there:
            op.add_column(table, column)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the columns by hand if you mean it.")
