"""One operation of the API: its address, what it takes and gives, and who may. Route and document come from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from parapet.core.shapes import Fields, Given, Whole
from parapet.incidents.payload import document_of
from parapet.web.desk import Desk, Visit
from parapet.web.lanes import Lane
from parapet.web.principal import Action
from parapet.web.request import single_values
from parapet.web.response import Response
from parapet.web.routes import Door, Route

MOST_BODY_BYTES = 64 * 1024
NOTHING = Fields(name="Nothing", fields={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation."""

    name: str
    """Its operationId."""
    method: str
    path: str
    says: str
    page: Callable[[Desk, Visit, Given], Response]
    gives: str
    """The schema of what it answers."""
    status: int = 200
    takes: Fields = field(default=NOTHING)
    """The query of a GET, the body of a POST."""
    action: Action = Action.READ
    door: Door = Door.API
    media: str = "application/json"
    """The media type of what it answers."""
    once: bool = False
    """It heeds Idempotency-Key."""

    @property
    def route(self) -> Route:
        """Where it is found."""
        return Route(
            method=self.method,
            pattern=self.path,
            page=self.answer,
            door=self.door,
            action=self.action,
            lane=Lane.MACHINES,
            most_bytes=MOST_BODY_BYTES if self.method == "POST" else 0,
        )

    def answer(self, desk: Desk, visit: Visit) -> Response:
        """Read what was asked, then do it.

        Raises:
            MalformedPayload: it does not fit what the operation takes.
        """
        asked = single_values(visit.request.query_string, "The query")
        if self.method == "POST":
            NOTHING.read({**asked}, "The query")
            return self.page(desk, visit, self.takes.read(document_of(visit.request.body, strict=True), "The body"))
        given = self.takes.read({name: self._typed(name, text) for name, text in asked.items()}, "The query")
        with desk.app.look.together():
            return self.page(desk, visit, given)

    def _typed(self, name: str, text: str) -> int | str:
        """*text* of a query as its shape reads it: a number where one is expected."""
        field = self.takes.fields.get(name)
        if field is not None and isinstance(field.shape, Whole) and re.fullmatch("-?[0-9]{1,18}", text):
            return int(text)
        return text
