"""What the commands on one incident share: which one, who acts, why, and the version they read."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

from parapet.core.types import Actor, ActorClass, IncidentId

F = TypeVar("F", bound=Callable[..., Any])


class Reference(click.ParamType[IncidentId]):
    """INC-12, inc-12 or 12."""

    name = "incident"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> IncidentId:
        """The number that *value* names."""
        digits = str(value).upper().removeprefix("INC-")
        if not digits.isdecimal() or len(digits) > 18:
            self.fail(f"{value!r} is no incident. Write INC-12.", param, ctx)
        return IncidentId(int(digits))


incident_argument = click.argument("number", type=Reference(), metavar="INCIDENT")
reason_option = click.option("--reason", required=True, help="Why; the next person reads it.")


def who_and_when(command: F) -> F:
    """Who acts, and which version of the incident they read."""
    by = click.option("--by", "who", metavar="NAME", help="Who acts; without it, the user who runs this.")
    version = click.option(
        "--version", "seen", type=int, metavar="N", help="The version you read; it is refused if it moved since."
    )
    return by(version(command))


def actor_named(who: str | None) -> Actor:
    """The person who acts."""
    return Actor(kind=ActorClass.OPERATOR, name=who or getpass.getuser())
