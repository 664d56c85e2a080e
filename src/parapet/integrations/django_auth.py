"""Logins through Django's own authentication: who got in, who gave wrong credentials, and where we failed.

A middleware. Django's signals tell what happened, but it is counted only when the answer is there: a login whose answer
is an error did not take place, because Django keeps no session then.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from time import perf_counter
from typing import TypeAlias, cast

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import Outcome
from parapet.signals.journey import Journey, outcome_of

try:
    from asgiref.sync import iscoroutinefunction
    from django.contrib.auth.signals import user_logged_in, user_login_failed
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django.utils.decorators import sync_and_async_middleware
except ImportError as error:
    raise ConfigurationError("Django is not installed. Install it, or do not instrument its logins.") from error

Sync: TypeAlias = Callable[[HttpRequest], HttpResponseBase]
Async: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Handler: TypeAlias = Sync | Async

LOGIN_VIEWS = ("login", "admin:login")


class Told:
    """What signals said while one request was answered; the last word counts, journey by journey."""

    __slots__ = ("outcomes",)

    def __init__(self) -> None:
        self.outcomes: dict[Journey, Outcome] = {}


_told: ContextVar[Told | None] = ContextVar("parapet_login", default=None)


def tell(journey: Journey, outcome: Outcome) -> None:
    """Say how the attempt of the current request ended, unless its answer is an error. Outside requests: nothing."""
    told = _told.get()
    if told is not None:
        told.outcomes[journey] = outcome


def instrument(
    login: Journey,
    *,
    views: Collection[str] = LOGIN_VIEWS,
    callbacks: Collection[str] = (),
) -> Callable[[Handler], Handler]:
    """A middleware that counts attempts to log in; keep it in a module and put its dotted name in MIDDLEWARE.

    Every login and every refusal that Django's signals tell of is counted, whatever the view. In addition, a form that
    did not validate is the user's mistake, and an answer of 5xx a failure. A redirect without a login is a step on
    the way, as to a second factor, and not counted.

    Args:
        views: names of the views where people log in, whose POSTs are attempts, with their namespaces.
        callbacks: names of views where a provider sends people back to; whatever the method is an attempt.
    """
    listen(login)
    return middleware({login: (frozenset(views), frozenset(callbacks))})


def middleware(
    journeys: dict[Journey, tuple[Collection[str], Collection[str]]], is_callback: Callable[[str], bool] | None = None
) -> Callable[[Handler], Handler]:
    """A middleware that counts *journeys*, each with the names of its views and of its callbacks.

    Where several of them were told of, the last one given is what the request was for: who signs up logs in, too.

    Args:
        is_callback: knows more callbacks of the first journey, by their names.
    """
    clock = perf_counter

    def attempted(request: HttpRequest) -> tuple[Journey | None, bool]:
        """Which journey's view it is, and whether a form there."""
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        for journey, (views, callbacks) in journeys.items():
            if name in callbacks:
                return journey, False
            if name in views and request.method == "POST":
                return journey, True
        if is_callback is not None and is_callback(name):
            return next(iter(journeys)), False
        return None, False

    def ended(request: HttpRequest, told: Told, status: int | None, seconds: float) -> None:
        error = sys.exc_info()[1] if status is None else None
        with guarded("django_auth.attempt"):
            here, form = attempted(request)
            said = [journey for journey in journeys if journey in told.outcomes]
            journey = said[-1] if said else here
            if journey is None:
                return
            if status is None:
                journey.record(outcome_of(error), seconds)
            elif status >= 500:
                journey.record(Outcome.FAILURE, seconds)
            elif said:
                journey.record(told.outcomes[journey], seconds)
            elif status >= 400 or (form and status == 200):
                journey.record(Outcome.USER_ERROR, seconds)

    @sync_and_async_middleware
    def factory(get_response: Handler) -> Handler:
        if iscoroutinefunction(get_response):
            answer_async = cast("Async", get_response)

            async def measured_async(request: HttpRequest) -> HttpResponseBase:
                told, status, start = Told(), None, clock()
                token = _told.set(told)
                try:
                    response = await answer_async(request)
                    status = response.status_code
                finally:
                    _told.reset(token)
                    ended(request, told, status, clock() - start)
                return response

            return measured_async

        answer = cast("Sync", get_response)

        def measured(request: HttpRequest) -> HttpResponseBase:
            told, status, start = Told(), None, clock()
            token = _told.set(told)
            try:
                response = answer(request)
                status = response.status_code
            finally:
                _told.reset(token)
                ended(request, told, status, clock() - start)
            return response

        return measured

    return cast("Callable[[Handler], Handler]", factory)


def listen(login: Journey) -> None:
    """Have Django's signals tell of *login*. Doing it again changes nothing."""

    def logged_in(**_: object) -> None:
        with guarded("django_auth.signal"):
            tell(login, Outcome.SUCCESS)

    def login_failed(**_: object) -> None:
        with guarded("django_auth.signal"):
            tell(login, Outcome.USER_ERROR)

    for signal, receiver in ((user_logged_in, logged_in), (user_login_failed, login_failed)):
        signal.connect(receiver, weak=False, dispatch_uid=("parapet", login.name, id(login.recorder)))
