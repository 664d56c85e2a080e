"""The newest step of the schema, by the names of the files: known without the library that takes the steps."""

from __future__ import annotations

from pathlib import Path

STEPS = Path(__file__).parent / "migrations" / "versions"


def newest() -> str:
    """Its revision, such as 0015."""
    return max(path.stem.partition("_")[0] for path in STEPS.glob("v*.py")).removeprefix("v")
