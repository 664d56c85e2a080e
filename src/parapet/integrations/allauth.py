"""Logins and signups through django-allauth, social ones included: how they ended, and where a provider failed us."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import Outcome
from parapet.integrations.django_auth import Handler, listen, middleware, tell
from parapet.signals.journey import Journey

try:
    from allauth.account.signals import user_signed_up  # type: ignore[import-not-found, unused-ignore]
    from allauth.socialaccount.adapter import get_adapter  # type: ignore[import-not-found, unused-ignore]
    from allauth.socialaccount.providers.base import AuthError  # type: ignore[import-not-found, unused-ignore]
    from django.apps import apps
    from django.core.exceptions import PermissionDenied
except ImportError as error:
    raise ConfigurationError("django-allauth is not installed. Install it, or do not instrument it.") from error

LOGIN_VIEWS = ("account_login", "account_confirm_login_code", "mfa_authenticate")
SIGNUP_VIEWS = ("account_signup", "socialaccount_signup")
CALLBACK = "_callback"
"""How the names of the views end to which providers send people back."""

_SEEN = "_parapet_seen"


def instrument(
    *,
    login: Journey,
    signup: Journey | None = None,
    login_views: Collection[str] = LOGIN_VIEWS,
    signup_views: Collection[str] = SIGNUP_VIEWS,
) -> Callable[[Handler], Handler]:
    """A middleware that counts attempts to log in and to sign up; put its dotted name in MIDDLEWARE.

    At a provider, who cancels has abandoned the attempt, who is denied or comes back with a stale link made a mistake,
    and everything else is a failure: the provider answers with an error, or not at all. Who signs up is logged in at
    the same time; that counts as a signup only.

    Raises:
        ConfigurationError: the journeys are one and the same.
    """
    if login is signup:
        raise ConfigurationError("login and signup are the same journey. Give each its own, or leave signup out.")
    listen(login)
    _listen_to_providers(login)
    journeys: dict[Journey, tuple[Collection[str], Collection[str]]] = {login: (frozenset(login_views), ())}
    if signup is not None:
        journeys[signup] = (frozenset(signup_views), ())
        _listen_to_signups(signup)
    return middleware(journeys, lambda name: name.endswith(CALLBACK))


def _listen_to_signups(signup: Journey) -> None:
    def signed_up(**_: object) -> None:
        with guarded("allauth.signal"):
            tell(signup, Outcome.SUCCESS)

    user_signed_up.connect(signed_up, weak=False, dispatch_uid=("parapet", signup.name, id(signup.recorder)))


def _listen_to_providers(login: Journey) -> None:
    """allauth tells nobody but its adapter when a provider failed, and answers as if the user had."""
    if not apps.is_installed("allauth.socialaccount"):
        return
    adapter = type(get_adapter())
    if _SEEN in vars(adapter):
        return
    told = adapter.on_authentication_error

    @wraps(told)
    def on_authentication_error(self: object, *args: object, **kwargs: object) -> object:
        with guarded("allauth.provider"):
            tell(login, _outcome(kwargs.get("error"), kwargs.get("exception"), kwargs.get("extra_context")))
        return told(self, *args, **kwargs)

    adapter.on_authentication_error = on_authentication_error
    setattr(adapter, _SEEN, True)


def _outcome(error: object, exception: object, context: object) -> Outcome:
    if error == AuthError.CANCELLED:
        return Outcome.ABANDONED
    # Whoever comes back with a link that nobody remembers has no state: a bookmark, an old tab, a forgery.
    stale = isinstance(context, dict) and "state_id" in context and "state" not in context
    if stale or error == AuthError.DENIED or isinstance(exception, PermissionDenied):
        return Outcome.USER_ERROR
    return Outcome.FAILURE
