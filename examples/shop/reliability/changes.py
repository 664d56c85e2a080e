"""What changes in the shop, beside deploys."""

from __future__ import annotations

import logging

from parapet import ParapetError
from parapet.core.types import Actor, ActorClass
from parapet.incidents.model import ChangeKind

from examples.shop.faults import Fault
from examples.shop.reliability.service import parapet

log = logging.getLogger("shop")


def mark_switch(before: Fault, now: Fault, login: str) -> None:
    """Somebody turned the fault switch. It works without its evidence."""
    title = f"Fault switch from {before.value} to {now.value}"
    try:
        parapet.changes.mark(kind=ChangeKind.FLAG, title=title, actor=Actor(kind=ActorClass.OPERATOR, name=login))
    except ParapetError as error:
        log.warning("the change was not marked: %s", error)
