"""The story of one outage with its evidence in an SQLite file, and everything real."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.real, pytest.mark.waits]


@pytest.mark.parametrize("database", ["sqlite"])
def test_an_outage_becomes_one_incident_that_is_remembered(empty_url: str, happens: Callable[[str], None]) -> None:
    """From the first failed checkout to the retrospective: each stage is read back from the system that has it."""
    happens(empty_url)
