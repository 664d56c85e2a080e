"""Logins and signups through the libraries that hosts use, each in a real application, over HTTP.

Who gets in is a success, wrong credentials are the user's mistake, and what breaks on our side or at a provider is a
failure. Every attempt is counted once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SUCCESS, USER_ERROR, FAILURE, ABANDONED = (
    {f"login {outcome}": 1} for outcome in ("success", "user_error", "failure", "abandoned")
)
NOTHING: dict[str, int] = {}


def check(told: dict[str, Any], expected: dict[str, tuple[int, dict[str, int]]]) -> None:
    """Every step was answered and counted as expected; the successful logins took some time, but not for ever."""
    seconds = told.pop("login_seconds")
    assert {step: tuple(found) for step, found in told.items()} == expected
    assert 0.0001 < seconds < 60.0


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_django(server: str, ask: Callable[..., dict[str, Any]]) -> None:
    """Django's own views, signals and backends, under a sync and an async server."""
    check(
        ask("django", server),
        {
            "only_looking": (200, NOTHING),
            "right": (302, SUCCESS),
            "wrong": (200, USER_ERROR),
            "incomplete": (200, USER_ERROR),
            "broken": (500, FAILURE),  # a backend raises
            "broken_callback": (500, FAILURE),  # after the login, so that the session is not kept
            "forged": (403, USER_ERROR),
            "second_step": (302, NOTHING),
            "from_provider": (200, SUCCESS),
            "from_provider_stale": (400, USER_ERROR),
            "elsewhere": (200, NOTHING),
            "missing": (404, NOTHING),
            "counting_is_broken": (302, NOTHING),  # the host does not notice
            "at_once": (0, {"login success": 5, "login user_error": 5}),
        },
    )


def test_django_allauth(ask: Callable[..., dict[str, Any]]) -> None:
    """With a provider on the loopback that answers, refuses, breaks and disappears."""
    check(
        ask("allauth"),
        {
            "signed_up": (302, {"signup success": 1}),
            "signed_up_twice": (200, {"signup user_error": 1}),
            "signup_is_broken": (500, {"signup failure": 1}),
            "right": (302, SUCCESS),
            "wrong": (200, USER_ERROR),
            "only_looking": (200, NOTHING),
            "from_provider_first": (302, {"signup success": 1}),
            "from_provider": (302, SUCCESS),
            "from_provider_cancelled": (302, ABANDONED),
            "from_provider_error": (401, FAILURE),
            "from_provider_broken": (401, FAILURE),  # answered as if it were the user's mistake
            "from_provider_stale": (401, USER_ERROR),
            "counting_is_broken": (302, NOTHING),  # the host does not notice
            "from_provider_gone": (401, FAILURE),
        },
    )


def test_fastapi_users(ask: Callable[..., dict[str, Any]]) -> None:
    """Its routes are found by their names, under whatever prefix they are included."""
    check(
        ask("fastapi"),
        {
            "counting_is_broken": (400, NOTHING),  # the host does not notice
            "signed_up": (201, {"signup success": 1}),
            "signed_up_twice": (400, {"signup user_error": 1}),
            "signed_up_wrongly": (422, {"signup user_error": 1}),
            "right": (200, SUCCESS),
            "wrong": (400, USER_ERROR),
            "incomplete": (422, USER_ERROR),
            "broken": (500, FAILURE),  # in a dependency, before the login's own code runs
            "broken_callback": (500, FAILURE),
            "from_provider_stale": (400, USER_ERROR),
            "from_provider_broken": (500, FAILURE),
            "elsewhere": (405, NOTHING),
        },
    )


def test_flask_login(ask: Callable[..., dict[str, Any]]) -> None:
    """Flask-Login tells of a login only: every other end of an attempt is read from the answer."""
    check(
        ask("flask"),
        {
            "only_looking": (200, NOTHING),
            "right": (302, SUCCESS),
            "at_home": (200, NOTHING),
            "wrong": (302, USER_ERROR),  # back to the form, as many applications do
            "incomplete": (400, USER_ERROR),
            "broken": (500, FAILURE),
            "unavailable": (503, FAILURE),
            "broken_afterwards": (500, FAILURE),
            "broken_listener": (500, FAILURE),
            "elsewhere": (200, NOTHING),
            "from_provider": (302, SUCCESS),
            "from_provider_stale": (400, USER_ERROR),
            "counting_is_broken": (302, NOTHING),  # the host does not notice
        },
    )
