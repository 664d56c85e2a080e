"""What a person decides about an incident: who opened it, how bad it is, which others it took over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INCIDENTS = "parapet_incidents"
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add what is missing: a step that was interrupted is taken again from the start."""
    printed = op.get_context().as_sql  # statements for somebody to run: there is nothing to look at
    there = set() if printed else {column["name"] for column in sa.inspect(op.get_bind()).get_columns(INCIDENTS)}
    new: list[sa.Column[object]] = [
        sa.Column("declared_by", sa.String(128)),
        sa.Column("severity_set", sa.String(16)),
        sa.Column("severity_set_at", UtcDateTime),
        sa.Column("merged_into_id", Number),
    ]
    for column in new:
        if column.name not in there:
            op.add_column(INCIDENTS, column)
    op.create_table(
        "parapet_routes",
        sa.Column("route", sa.String(700), primary_key=True),
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id"), nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the columns by hand if you mean it.")
