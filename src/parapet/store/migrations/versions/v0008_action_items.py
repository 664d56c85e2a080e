"""Exact objects that somebody must look after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ITEMS = "parapet_action_items"


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        ITEMS,
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("object_id", sa.String(255), nullable=False),
        sa.Column("about", sa.String(160), nullable=False),
        sa.Column("incident_id", Number, sa.ForeignKey("parapet_incidents.id")),
        sa.Column("slice", sa.Text),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("opened_by", sa.String(128), nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("last_told_at", UtcDateTime, nullable=False),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("closed_by", sa.String(128)),
        sa.Column("reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("service", "kind", "object_id", "about", name="ux_parapet_action_items_object"),
        if_not_exists=True,
    )
    for name, columns in (
        ("state", ["state", "opened_at", "id"]),
        ("incident", ["incident_id", "id"]),
        ("slice", ["service", "slice", "state", "id"]),
    ):
        op.create_index(f"ix_{ITEMS}_{name}", ITEMS, columns, if_not_exists=True)


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop parapet_action_items by hand if you mean it.")
