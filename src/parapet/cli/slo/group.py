"""`parapet slo`: the group, with its commands imported on use."""

from __future__ import annotations

import click

from parapet.cli.lazy import LazyGroup

COMMANDS = {
    "list": ("parapet.cli.slo.listing", "list_slices"),
    "explain": ("parapet.cli.slo.explain", "explain"),
    "diff": ("parapet.cli.slo.diff", "diff"),
    "backtest": ("parapet.cli.slo.backtest", "backtest"),
    "cost": ("parapet.cli.slo.cost", "cost"),
    "new": ("parapet.cli.slo.new", "new"),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def slo() -> None:
    """What is promised, what it allows, and whom it would have woken.

    \b
    Examples:
      parapet slo list --app shop.reliability:parapet
      parapet slo explain checkout --app shop.reliability:parapet
      parapet slo diff --app shop.reliability:parapet main
      parapet slo backtest --prometheus http://127.0.0.1:9090 --days 30
    """
