"""Indexes for chronologies that are read by parts: by when things happened, and what a sender left out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ENTRIES = "parapet_entries"
WHEN = ("incident_id", "occurred_at", "seq", "kind", "actor_kind")
LEAVES_OUT = sa.text("""payload LIKE '%"truncated":%'""")


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_index("ix_parapet_entries_when", ENTRIES, WHEN, if_not_exists=True)
    op.create_index(
        "ix_parapet_entries_left_out",
        ENTRIES,
        ["incident_id"],
        sqlite_where=LEAVES_OUT,
        postgresql_where=LEAVES_OUT,
        if_not_exists=True,
    )


def downgrade() -> None:
    """Nothing is lost with an index."""
    op.drop_index("ix_parapet_entries_left_out", ENTRIES)
    op.drop_index("ix_parapet_entries_when", ENTRIES)
