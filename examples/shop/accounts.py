"""Who is who: sign-in, and the session cookie."""

from __future__ import annotations

import hashlib
import hmac
import time

from examples.shop.database import RESPONDER, Person
from examples.shop.passwords import hashed, matches
from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

COOKIE = "shop_session"
SESSION_SECONDS = 12 * 3600
_NOBODY = hashed("")


def check(session: Session, login: str, password: str) -> Person | None:
    """The person with this login and password. Takes as long for an unknown login as for a wrong password."""
    person = session.scalar(select(Person).where(Person.login == login))
    known = matches(password, person.password if person else _NOBODY)
    return person if person is not None and known else None


class Sessions:
    """Signs session cookies with *key*, and believes only those. The cookie holds a number, a time and a signature."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def ticket(self, person: Person) -> str:
        """The cookie of *person*."""
        said = f"{person.id}.{person.login}.{person.role}.{int(time.time()) + SESSION_SECONDS}"
        return f"{said}.{self._signature(said)}"

    def who(self, cookies: dict[str, str]) -> Visitor | None:
        """Whose cookie this is; None for strangers, forgeries and yesterday's."""
        said, _, signature = cookies.get(COOKIE, "").rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            return None
        number, login, role, until = said.split(".")
        return Visitor(int(number), login, role) if int(until) > time.time() else None

    def _signature(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()


class Visitor:
    """Who sent a request, as their cookie says."""

    def __init__(self, number: int, login: str, role: str) -> None:
        self.id = number
        self.login = login
        self.name = login.capitalize()
        self.is_staff = role == RESPONDER


def visitor(request: Request) -> Visitor | None:
    """Who sent *request*."""
    sessions: Sessions = request.app.state.sessions
    return sessions.who(request.cookies)
