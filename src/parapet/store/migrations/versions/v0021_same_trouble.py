"""How often the same trouble came lately is counted in the index: the rows lie far apart."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INCIDENTS = "parapet_incidents"
KEY = "ix_parapet_incidents_key"


def upgrade() -> None:
    """Make it anew: a step that was interrupted is taken again from the start."""
    op.drop_index(KEY, INCIDENTS, if_exists=True)
    op.create_index(KEY, INCIDENTS, ["key", "id", "started_at"])


def downgrade() -> None:
    """Nothing is lost with an index."""
    op.drop_index(KEY, INCIDENTS)
    op.create_index(KEY, INCIDENTS, ["key", "id"])
