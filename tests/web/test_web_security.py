"""The locks: bearer tokens, form tokens, and where a form came from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.web import security
from parapet.web.principal import Principal, Role
from parapet.web.request import Request, first_values

NOW = datetime(2026, 11, 12, 2, 45, tzinfo=UTC)
KEY = "a-form-key-of-some-length"
ANA = Principal(id="ana", name="Ana", role=Role.RESPONDER)
TOM = Principal(id="tom", name="Tom", role=Role.RESPONDER)
PUBLIC = "https://shop.example/parapet"


def test_a_form_token_holds_for_its_person_and_its_time() -> None:
    """Bound to the principal, to the key, and good for twelve hours."""
    token = security.form_token(KEY, ANA, NOW)
    assert security.form_token_holds(KEY, ANA, token, NOW + timedelta(hours=11, minutes=59))
    assert not security.form_token_holds(KEY, TOM, token, NOW)
    assert not security.form_token_holds(KEY + "x", ANA, token, NOW)
    assert not security.form_token_holds(KEY, ANA, token, NOW + timedelta(hours=12, seconds=1))
    assert not security.form_token_holds(KEY, ANA, token, NOW - timedelta(minutes=2))


@given(st.text(max_size=200))
def test_no_invented_form_token_holds(token: str) -> None:
    """Whatever is sent, it neither holds nor breaks the page."""
    assert not security.form_token_holds(KEY, ANA, token, NOW)


@given(st.one_of(st.none(), st.text(max_size=60)))
def test_no_invented_bearer_token_matches(token: str | None) -> None:
    """Only a configured token matches; an empty one never does."""
    assert not security.token_matches(token, ("the-first-secret-token", "the-second-secret-token"))


def test_either_of_two_live_tokens_matches() -> None:
    """Rotation without a gap; and no token opens a door that has none."""
    tokens = ("the-first-secret-token", "the-second-secret-token")
    assert security.token_matches(tokens[0], tokens)
    assert security.token_matches(tokens[1], tokens)
    assert not security.token_matches("", ("",))
    assert not security.token_matches("anything", ())


def form(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method="POST", path="/incidents/1/note", headers={"host": "shop.example", **named})


@pytest.mark.parametrize(
    "request_",
    [
        form(origin="https://shop.example", sec_fetch_site="same-origin"),
        form(origin="http://shop.example"),
        form(origin="https://shop.example:443"),
        form(referer="https://shop.example/parapet/incidents/1"),
        form(host="10.0.0.7:8000", origin="https://shop.example"),
        form(sec_fetch_site="same-origin"),
    ],
)
def test_our_own_forms_are_taken(request_: Request) -> None:
    """From the host the browser talks to, or from the public address where a proxy rewrites the host."""
    assert security.foreign_origin(request_, PUBLIC) is None


@pytest.mark.parametrize(
    "request_",
    [
        form(),
        form(origin="null"),
        form(origin="https://evil.example"),
        form(origin="https://shop.example.evil.example"),
        form(origin="https://shop.example:8443"),
        form(origin="https://evil.example", sec_fetch_site="same-origin"),
        form(origin="https://shop.example", sec_fetch_site="cross-site"),
        form(origin="https://shop.example", sec_fetch_site="same-site"),
        form(referer="https://evil.example/?https://shop.example/"),
        form(origin="http://[::1"),
    ],
)
def test_foreign_forms_are_refused_with_a_reason(request_: Request) -> None:
    """Another site, a sandbox, a sibling domain, or nothing that says where it is from."""
    assert security.foreign_origin(request_, PUBLIC)


def test_the_first_value_of_a_field_wins_and_a_flood_of_fields_is_nothing() -> None:
    """A doubled field cannot smuggle a second value in."""
    assert first_values("a=1&a=2&b=") == {"a": "1", "b": ""}
    assert first_values("&".join(f"f{n}=1" for n in range(100))) == {}


@pytest.mark.parametrize(
    ("path", "base"),
    [("/", "./"), ("/incidents", "./"), ("/incidents/1", "../"), ("/incidents/1/note", "../../")],
)
def test_the_mount_is_found_from_every_depth(path: str, base: str) -> None:
    """Addresses are relative to the mount, so that any proxy may put anything before it."""
    assert Request(method="GET", path=path).base == base
