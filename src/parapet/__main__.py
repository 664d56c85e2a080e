"""`python -m parapet` is the `parapet` command."""

from __future__ import annotations

from parapet.cli.main import main

main(prog_name="parapet")
