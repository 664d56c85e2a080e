"""Errors, settings, the guard, ids: what every room stands on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import parapet
from parapet.core import errors
from parapet.core.guard import guarded, swallowed
from parapet.core.ids import TimeOrderedIds
from parapet.core.settings import Environment, Secrets, required


def leaves(cls: type[errors.ParapetError]) -> list[type[errors.ParapetError]]:
    below = cls.__subclasses__()
    return [cls, *(leaf for sub in below for leaf in leaves(sub))]


@pytest.mark.parametrize("cls", leaves(errors.ParapetError), ids=lambda cls: cls.__name__)
def test_every_error_is_in_the_tree_and_has_a_sentence(cls: type[errors.ParapetError]) -> None:
    """The tree at the top of the module is complete, and an error without a message says its own sentence."""
    if cls.__module__ == errors.__name__:
        assert cls.__name__ in (errors.__doc__ or "")
    assert cls().message.endswith(".")


def test_an_unknown_name_offers_the_nearest() -> None:
    """Expected, given, did you mean."""
    error = errors.UnknownName.of("journey", "chekout", ["checkout", "login"])
    assert error.message == "Unknown journey 'chekout'. Did you mean 'checkout'? Known: checkout, login."


def test_secrets_are_never_shown() -> None:
    """A repr lands in logs; a secret must not."""
    assert "hunter2" not in repr(Secrets(webhook_tokens=("hunter2" * 4,), form_key="hunter2" * 4))


def test_a_short_secret_is_refused() -> None:
    """A token that can be guessed is no token."""
    with pytest.raises(errors.ConfigurationError, match="16 or more"):
        Secrets(webhook_tokens=("short",))


def test_the_environment_is_read_once_into_values() -> None:
    """Names are documented; a missing one is an error that names it."""
    assert Environment.read({"PARAPET_APP": "a:b"}).app == "a:b"
    with pytest.raises(errors.ConfigurationError, match="SHOP_KEY"):
        required("SHOP_KEY", {})


def test_the_guard_counts_what_it_swallows_and_lets_cancellation_through() -> None:
    """Nothing is dropped in silence, and nobody is kept from stopping."""
    before = swallowed["here", "ValueError"]
    with guarded("here"):
        raise ValueError("broken on purpose")
    assert swallowed["here", "ValueError"] == before + 1
    with pytest.raises(KeyboardInterrupt), guarded("here"):
        raise KeyboardInterrupt


@given(st.integers(min_value=2, max_value=200))
def test_ids_are_unique_and_sort_by_time(count: int) -> None:
    """32 characters; the first 12 are the time."""
    ids = TimeOrderedIds()
    made = [ids.new() for _ in range(count)]
    assert len(set(made)) == count
    assert {len(one) for one in made} == {32}
    assert [one[:12] for one in made] == sorted(one[:12] for one in made)


def test_the_public_names_are_these() -> None:
    """The surface that hosts rely on; a change here is a change for everybody."""
    assert parapet.__all__ == [
        "BurnPolicy",
        "IncidentPolicy",
        "Kubernetes",
        "Outcome",
        "Parapet",
        "ParapetError",
        "Runbook",
        "Secrets",
        "Slice",
        "Tls",
        "Wiring",
    ]
