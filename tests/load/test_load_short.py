"""The load driver in its short form: a storm against a real server loses nothing, doubles nothing, breaks no chain."""

from __future__ import annotations

from dataclasses import asdict, replace

from benchmarks.evidence.load import SHORT, markdown, measure


def test_nothing_is_lost_or_doubled_on_either_database(evidence_url: str, database: str) -> None:
    """Pages answer while the inbox is stormed, a large body is taken, and every alert is there once."""
    size = SHORT if database == "postgres" else replace(SHORT, turns=0)  # processors are shared out once
    found = measure(database, evidence_url, size)
    assert (found.lost, found.doubled, found.whole) == (0, 0, True)
    assert found.entries == SHORT.incidents * SHORT.entries_each
    figures = [(name, value) for name, value in asdict(found).items() if name.endswith(("_ms", "_seconds"))]
    measured = [value for name, value in figures if size.turns or "_alone_" not in name]
    assert all(value > 0 for value in measured)
    assert f"| {database} |" in markdown([found])
