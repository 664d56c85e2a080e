"""How long it takes to turn slices into files: `python benchmarks/artifacts/generate.py`.

Each row is a process of its own that generates once, as `parapet generate` does; the best of a few, in seconds of the
processor, part by part.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from parapet.artifacts.bundle import chosen
from parapet.artifacts.groups import groups_of
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices

ROUNDS = 5
COUNTS = (10, 100, 500)


def generated(count: int) -> dict[str, float]:
    """Seconds by part, their total, and how much was written, in KiB, for so many slices."""
    names = [f"journey-{number}" for number in range(count // 2)]
    slices = [one for name in names for one in journey_slices(name, objective=0.999, latency=(0.5, 0.99))]
    catalog = Catalog(service="shop", slices=tuple(slices), runbooks=[f"journey-{name}" for name in names])
    started, written = time.process_time(), 0
    groups = groups_of(catalog, Wiring())
    took = {"groups": time.process_time() - started}
    for part in chosen(Wiring()):
        started = time.process_time()
        written += sum(map(len, part.texts(catalog, Wiring(), groups).values()))
        took[part.name] = time.process_time() - started
    return {**took, "total": sum(took.values()), "KiB": written / 1024}


def main() -> None:
    """Print a row for each number of slices."""
    if sys.argv[1:]:
        print(json.dumps(generated(int(sys.argv[1]))))
        return
    for count in COUNTS:
        rounds = [
            json.loads(subprocess.run([sys.executable, __file__, str(count)], capture_output=True, check=True).stdout)
            for _ in range(ROUNDS)
        ]
        best = min(rounds, key=lambda one: one["total"])
        if count == COUNTS[0]:
            print("  ".join([f"{'slices':>8}", *(f"{name:>12}" for name in best)]))
        print("  ".join([f"{count:8d}", *(f"{value:12.2f}" for value in best.values())]))


if __name__ == "__main__":
    main()
