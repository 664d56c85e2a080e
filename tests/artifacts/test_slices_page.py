"""The page about promises: its code runs, and it speaks of every kind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from parapet import Parapet
from parapet.artifacts.bundle import build
from parapet.core.settings import Wiring
from parapet.slo.sli import Sli

PAGE = (Path(__file__).parents[2] / "docs" / "slices.md").read_text()


def test_the_code_of_the_page_is_a_host_that_generates() -> None:
    """All blocks, one after the other."""
    defined: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(block, defined)
    parapet = defined["parapet"]
    assert isinstance(parapet, Parapet)
    assert {one.name for one in parapet.catalog.judged} >= {"uploads", "backups", "search", "refusals", "reports"}
    assert "parapet:shop:maintenance" in build(parapet.catalog, Wiring())["prometheus/recording.yml"]


def test_the_page_names_every_kind() -> None:
    """In its table."""
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [
        kind.__name__ for kind in sorted(get_args(Sli), key=lambda kind: PAGE.index(f"| `{kind.__name__}`"))
    ]
