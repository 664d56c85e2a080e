"""The load driver in its short form: a storm against a real server loses nothing, doubles nothing, breaks no chain."""

from __future__ import annotations

from dataclasses import asdict

from benchmarks.evidence.load import SHORT, markdown, measure


def test_nothing_is_lost_or_doubled_on_either_database(evidence_url: str, database: str) -> None:
    """Pages answer while the inbox is stormed, a large body is taken, and every alert is there once."""
    found = measure(database, evidence_url, SHORT)
    assert (found.lost, found.doubled, found.whole) == (0, 0, True)
    assert found.entries == SHORT.incidents * SHORT.entries_each
    measured = [value for name, value in asdict(found).items() if name.endswith(("_ms", "_seconds"))]
    assert all(value > 0 for value in measured)
    assert f"| {database} |" in markdown([found])
