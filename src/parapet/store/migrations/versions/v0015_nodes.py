"""Where a worker runs and what it runs with, so that nodes can be compared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = "parapet_heartbeats"


def upgrade() -> None:
    """Add what is missing: a step that was interrupted is taken again from the start."""
    printed = op.get_context().as_sql  # statements for somebody to run: there is nothing to look at
    present = set() if printed else {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}
    if "about" not in present:
        op.add_column(TABLE, sa.Column("about", sa.Text))


def downgrade() -> None:
    """Signs of life are nobody's evidence."""
    op.drop_column(TABLE, "about")
