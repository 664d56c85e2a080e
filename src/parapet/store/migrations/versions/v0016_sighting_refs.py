"""Which sightings an exact identifier was seen in, so that incidents are found by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLE = "parapet_sighting_refs"


def upgrade() -> None:
    """Create what is missing; what was seen before is kept for days only, and not found by it."""
    op.create_table(
        TABLE,
        sa.Column("value", sa.String(256), primary_key=True),
        sa.Column("sighting_id", NUMBER, primary_key=True),
        if_not_exists=True,
    )
    op.create_index("ix_parapet_sighting_refs_of", TABLE, ["sighting_id"], if_not_exists=True)


def downgrade() -> None:
    """They are kept for days only."""
    op.drop_table(TABLE)
