"""Exact identifiers that events came with, near which incidents are looked into."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from parapet.store.columns import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_sightings",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("service", sa.String(128), nullable=False),
        sa.Column("signal", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("went_wrong", sa.Boolean, nullable=False),
        sa.Column("fields", sa.Text, nullable=False),
        sa.Column("refs", sa.Text, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        if_not_exists=True,
    )
    about = ["service", "subject", "seen_at"]
    op.create_index("ix_parapet_sightings_about", "parapet_sightings", about, if_not_exists=True)
    op.create_index("ix_parapet_sightings_seen", "parapet_sightings", ["seen_at"], if_not_exists=True)


def downgrade() -> None:
    """They are kept for days only, and no chronology speaks of them."""
    op.drop_table("parapet_sightings")
