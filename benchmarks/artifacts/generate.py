"""How long it takes to turn slices into files: `python benchmarks/artifacts/generate.py`."""

from __future__ import annotations

import time

from parapet.artifacts.bundle import build
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices

ROUNDS = 3


def main() -> None:
    """Print a row for each number of slices: the best of a few rounds, in seconds of the processor."""
    for count in (10, 100, 500):
        names = [f"journey-{number}" for number in range(count // 2)]
        slices = [one for name in names for one in journey_slices(name, objective=0.999, latency=(0.5, 0.99))]
        catalog = Catalog(service="shop", slices=tuple(slices), runbooks=[f"journey-{name}" for name in names])
        took = []
        for _ in range(ROUNDS):
            started = time.process_time()
            files = build(catalog, Wiring())
            took.append(time.process_time() - started)
        print(f"{count:5d} slices  {min(took):6.2f} s  {sum(map(len, files.values())) / 1024:8.0f} KiB")


if __name__ == "__main__":
    main()
