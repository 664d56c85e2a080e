"""Which report of an alert arrived last, by its number in the inbox: no clock is asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

EPISODES = "parapet_episodes"
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add what is missing; of what was heard before, the times of receipt say in which order it arrived."""
    printed = op.get_context().as_sql  # statements for somebody to run: there is nothing to look at
    present = set() if printed else {column["name"] for column in sa.inspect(op.get_bind()).get_columns(EPISODES)}
    if "heard_in" not in present:
        op.add_column(EPISODES, sa.Column("heard_in", NUMBER))


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the column by hand if you mean it.")
