"""A client that makes up path, method and headers of every request; `make bench-signals` sends a million of them."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
from pathlib import Path

import pytest
from benchmarks.signals.memory import attack, shop

from parapet.core import names
from parapet.signals.recorder import Recorder

REQUESTS = 8_000


@pytest.mark.parametrize("shared", [False, True])
def test_requests_that_were_never_made_before_add_no_series_and_no_memory(shared: bool, tmp_path: Path) -> None:
    """The first ones fill what there is room for; after them, as many again need nothing more."""
    recorder = Recorder(multiprocess_dir=tmp_path if shared else None)
    app, rng = shop(recorder), random.Random(7)

    def kept_after(numbers: range) -> tuple[int, int, int]:
        asyncio.run(attack(app, recorder, rng, numbers))
        label_sets = len(recorder.http.totals()) + len(recorder.families.histogram(names.JOB_DURATION).totals())
        scrape = len(recorder.render().splitlines())
        gc.collect()
        return sys.getallocatedblocks(), label_sets, scrape

    kept_after(range(REQUESTS // 2))
    blocks, label_sets, lines = kept_after(range(REQUESTS // 2, REQUESTS))
    more_blocks, more_label_sets, more_lines = kept_after(range(REQUESTS, REQUESTS * 2))
    assert (more_label_sets, more_lines) == (label_sets, lines)
    assert more_blocks - blocks < REQUESTS // 10
    assert sum(sum(cells[:-1]) for cells in recorder.http.totals().values()) == REQUESTS * 2
