"""Logins and signups through FastAPI Users: its routes, found by their names, measure the journeys.

It tells of a login but of no refusal, so the answers are what is counted, at no cost to the request: 2xx and 3xx are
successes, 4xx (wrong credentials, a stale link of a provider) the user's mistakes, 5xx failures.
"""

from __future__ import annotations

import re

from parapet.core.errors import ConfigurationError
from parapet.signals.journey import Journey
from parapet.signals.routes import leaves

try:
    from fastapi import FastAPI
except ImportError as error:
    raise ConfigurationError("FastAPI is not installed. Install it, or do not instrument its users.") from error

_LOGIN = re.compile(r"auth:.+\.login|oauth:.+\.callback")
_SIGNUP = re.compile(r"register:register")


def instrument(app: FastAPI, *, login: Journey, signup: Journey | None = None) -> None:
    """Measure *login* and *signup* by the routes of FastAPI Users; call it once all routers are included.

    The application needs Parapet's middleware. A first login through a provider is a login, not a signup.

    Raises:
        ConfigurationError: there is no such route, or requests are counted already without a bound that journeys have.
    """
    for journey, pattern in ((login, _LOGIN), (signup, _SIGNUP)):
        if journey is None:
            continue
        routes = [
            f"{method} {leaf.template}"
            for leaf in leaves(app.routes)
            for method in leaf.methods
            if any(pattern.fullmatch(str(getattr(anchor, "name", ""))) for anchor in leaf.anchors)
        ]
        if not routes:
            raise ConfigurationError(
                f"{journey.name!r} cannot be measured: the application has no route of FastAPI Users for it. "
                "Include its routers first, and call instrument on the application."
            )
        journey.recorder.route_journey(journey.name, routes)
