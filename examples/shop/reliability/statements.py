"""Counts the statements of the database."""

from __future__ import annotations

from parapet.integrations.sqlalchemy import Asynchronous, instrument
from sqlalchemy import Engine

from examples.shop.reliability.service import parapet


def count_statements(engine: Engine | Asynchronous) -> None:
    """How long statements of *engine* take, how they end, and how long a connection is waited for."""
    instrument(engine, parapet)
