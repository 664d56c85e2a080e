"""Every beginning of an alert is an episode of its own; and whether an incident was over when it was first heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

EPISODES, INCIDENTS = "parapet_episodes", "parapet_incidents"
EARLIER = """INSERT INTO parapet_episodes (source, fingerprint, key, incident_id, severity, labels, annotations,
    generator_url, started_at, ended_at, first_heard_at, last_heard_at, repeats, heard_in)
    SELECT source, fingerprint, key, incident_id, severity, labels, annotations,
    generator_url, started_at, restarted_at, first_heard_at, last_heard_at, repeats, heard_in
    FROM parapet_episodes WHERE restarted_at > started_at AND (ended_at IS NULL OR restarted_at < ended_at)"""
LATER = """UPDATE parapet_episodes SET started_at = restarted_at, restarted_at = NULL
    WHERE restarted_at > started_at AND (ended_at IS NULL OR restarted_at < ended_at)"""


def upgrade() -> None:
    """Add and part what is missing: a step that was interrupted is taken again from the start."""
    if "noticed_over" not in _columns(INCIDENTS):
        op.add_column(INCIDENTS, sa.Column("noticed_over", sa.Boolean, nullable=False, server_default=sa.false()))
    if op.get_context().as_sql or "restarted_at" in _columns(EPISODES):
        op.execute(EARLIER)
        op.execute(LATER)
        op.drop_column(EPISODES, "restarted_at")


def _columns(table: str) -> set[str]:
    printed = op.get_context().as_sql  # statements for somebody to run: there is nothing to look at
    return set() if printed else {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop the column by hand if you mean it.")
