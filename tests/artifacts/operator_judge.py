"""Reads objects with the Prometheus operator's own definitions; run where those are installed, never imported.

Takes JSON from its input, a list of (version, object), and prints for each what the definition understood, or why it
refuses.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main() -> None:
    """Judge them all."""
    said = []
    for version, given in json.load(sys.stdin):
        definition = getattr(import_module(f"cloudcoil.models.prometheus_operator.{version}"), given["kind"])
        try:
            read = definition.model_validate(given)
        except ValueError as error:
            said.append(str(error))
        else:
            said.append(read.model_dump(mode="json", by_alias=True, exclude_unset=True))
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
