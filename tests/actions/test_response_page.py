"""The page about response does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "response.md"


def test_the_code_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the top to the bottom, as somebody would who pastes it."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) == 5
    there: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), there)
    assert (tmp_path / "audit.jsonl").read_text().count("\n") == 2
