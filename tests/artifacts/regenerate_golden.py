"""Writes the golden files anew: `python tests/artifacts/regenerate_golden.py`, then read the diff."""

from __future__ import annotations

import runpy
from pathlib import Path

from parapet.artifacts.bundle import build
from parapet.artifacts.files import write

HERE = Path(__file__).parent

if __name__ == "__main__":
    definitions = runpy.run_path(str(HERE / "conftest.py"))
    for name, (burn, wiring) in definitions["BUNDLES"].items():
        for line in write(HERE / "golden" / name, build(definitions["shop"](burn), wiring)):
            print(f"{name}: {line}")
