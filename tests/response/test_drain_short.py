"""The measurement of how fast workers drain, in small: everything is done once, by two processes on Postgres."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.response.drain import measure


@pytest.mark.parametrize("database", ["postgres"])
def test_two_workers_do_everything_once(evidence_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None twice, none forgotten."""
    assert measure(evidence_url, tmp_path, 120, 2)
    assert capsys.readouterr().out.count("none twice") == 2
