"""The table of `parapet incident`."""

from __future__ import annotations

import click

from parapet.cli.lazy import LazyGroup

READING = "parapet.cli.incident.reading"
WORKING = "parapet.cli.incident.working"
COMMANDS = {
    "list": (READING, "list_incidents"),
    "show": (READING, "show"),
    "retrospective": (READING, "retrospective"),
    "declare": (WORKING, "declare"),
    "ack": (WORKING, "ack"),
    "assign": (WORKING, "assign"),
    "release": (WORKING, "release"),
    "note": (WORKING, "note"),
    "severity": (WORKING, "severity"),
    "merge": (WORKING, "merge"),
    "split": (WORKING, "split"),
    "resolve": (WORKING, "resolve"),
    "reopen": (WORKING, "reopen"),
}


@click.group(cls=LazyGroup, where=COMMANDS)
def incident() -> None:
    """Read and work on incidents. Whatever changes one asks for a reason, and is written into its chronology.

    \b
    Examples:
      parapet incident list --app shop.reliability:parapet
      parapet incident show INC-12
      parapet incident ack INC-12 --reason "looking at the worker"
      parapet incident merge INC-13 --into INC-12 --reason "the same database"
      parapet incident declare "Nobody can pay" --severity page --reason "3 calls"
    """
