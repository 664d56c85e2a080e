"""Logins through Flask-Login: who got in, who was refused, and where we failed."""

from __future__ import annotations

from collections.abc import Collection
from time import perf_counter

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import Outcome
from parapet.signals.journey import Journey, outcome_of

try:
    from flask import Flask, Response, g, request, request_finished, request_started, request_tearing_down
    from flask_login import user_logged_in  # type: ignore[import-untyped, import-not-found, unused-ignore]
except ImportError as error:
    raise ConfigurationError("Flask-Login is not installed. Install it, or do not instrument it.") from error

_EXTENSION = "parapet_login"


class _Attempt:
    """One request to a view where people log in."""

    __slots__ = ("logged_in", "started", "status")

    def __init__(self) -> None:
        self.started = perf_counter()
        self.logged_in = False
        self.status = 0


def instrument(app: Flask, login: Journey, *, views: Collection[str], callbacks: Collection[str] = ()) -> None:
    """Count attempts to log in to *app*. Doing it again changes nothing.

    An attempt that ends without a login is the user's mistake; one that ends in an exception or with 5xx is a failure,
    even if somebody was logged in on the way. A login anywhere else is not counted.

    Args:
        views: endpoints where people log in, whose POSTs are attempts, such as `login` or `auth.login`.
        callbacks: endpoints where a provider sends people back to; whatever the method is an attempt.

    Raises:
        ConfigurationError: *views* is a single string, or the application counts another journey's logins.
    """
    if isinstance(views, str) or isinstance(callbacks, str):
        raise ConfigurationError("views and callbacks are endpoints: give a list, such as ['login'].")
    counted = app.extensions.get(_EXTENSION)
    if counted is login:
        return
    if counted is not None:
        raise ConfigurationError(f"The application counts its logins as {counted.name!r} already.")
    app.extensions[_EXTENSION] = login
    forms, anyhow = frozenset(views), frozenset(callbacks)

    def started(sender: object, **_: object) -> None:
        with guarded("flask_login.attempt"):
            if request.endpoint in anyhow or (request.method == "POST" and request.endpoint in forms):
                g.parapet_login = _Attempt()

    def logged_in(sender: object, **_: object) -> None:
        with guarded("flask_login.attempt"):
            attempt: _Attempt | None = g.get("parapet_login")
            if attempt is not None:
                attempt.logged_in = True

    def finished(sender: object, response: Response, **_: object) -> None:
        with guarded("flask_login.attempt"):
            attempt: _Attempt | None = g.get("parapet_login")
            if attempt is not None:
                attempt.status = response.status_code

    def ended(sender: object, exc: BaseException | None = None, **_: object) -> None:
        with guarded("flask_login.attempt"):
            attempt: _Attempt | None = g.pop("parapet_login", None)
            if attempt is None:
                return
            if exc is not None:
                outcome = outcome_of(exc)
            elif attempt.status >= 500:
                outcome = Outcome.FAILURE
            else:
                outcome = Outcome.SUCCESS if attempt.logged_in else Outcome.USER_ERROR
            login.record(outcome, perf_counter() - attempt.started)

    request_started.connect(started, app, weak=False)
    request_finished.connect(finished, app, weak=False)
    request_tearing_down.connect(ended, app, weak=False)
    user_logged_in.connect(logged_in, app, weak=False)
