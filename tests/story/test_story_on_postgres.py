"""The story of one outage with its evidence in Postgres, and everything real; `make story` has it in SQLite.

So have the other stacks of this folder, which go as far as the incident.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.real, pytest.mark.waits]


@pytest.mark.parametrize("database", ["postgres"])
def test_an_outage_is_remembered_in_postgres(empty_url: str, happens: Callable[[str], None]) -> None:
    """From the first failed checkout to the retrospective: each stage is read back from the system that has it."""
    happens(empty_url)
