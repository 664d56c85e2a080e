"""An entry's words can be taken out and leave their seal; the end of each chronology is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from parapet.store.dialect import redactable_statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ENTRIES = (
    "incident_id",
    "seq",
    "kind",
    "occurred_at",
    "recorded_at",
    "actor_kind",
    "actor_name",
    "payload",
    "payload_hash",
    "previous_hash",
    "hash",
)
AUDIT = (
    "id",
    "recorded_at",
    "actor_kind",
    "actor_name",
    "verb",
    "target",
    "outcome",
    "reason",
    "details",
)
HEADS = """
INSERT INTO parapet_heads (incident_id, seq, hash)
SELECT e.incident_id, e.seq, e.hash FROM parapet_entries e
WHERE e.seq = (SELECT max(l.seq) FROM parapet_entries l WHERE l.incident_id = e.incident_id)
AND NOT EXISTS (SELECT 1 FROM parapet_heads h WHERE h.incident_id = e.incident_id)
"""


def upgrade() -> None:
    """Create what is missing: a step that was interrupted is taken again from the start."""
    op.create_table(
        "parapet_heads",
        sa.Column(
            "incident_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("parapet_incidents.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        if_not_exists=True,
    )
    op.execute(HEADS)
    dialect = context.get_context().dialect.name
    for statement in (
        *redactable_statements("parapet_entries", ENTRIES, "payload", '{"redacted":true}', dialect),
        *redactable_statements("parapet_audit", AUDIT, "reason", "[redacted]", dialect),
    ):
        op.execute(statement.replace(":", "\\:"))  # no parameter: a colon of the JSON


def downgrade() -> None:
    """Evidence is not thrown away by a migration.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("Evidence is not thrown away by a migration. Drop parapet_heads by hand if you mean it.")
