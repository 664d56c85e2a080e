"""What every host gives to mount a workbench, checked once."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.core.errors import ConfigurationError
from parapet.web import zones
from parapet.web.desk import Desk, OwnLogin, no_login
from parapet.web.looks import OURS, Looks
from parapet.web.principal import Authenticate, Authorize
from parapet.web.reads import App
from parapet.web.site import Site
from parapet.web.views.links import Link


def site_of(
    parapet: App,
    *,
    authenticate: Authenticate,
    authorize: Authorize | None = None,
    links: Sequence[Link] = (),
    login_url: str | None = None,
    own_login: OwnLogin = no_login,
    read_only: bool = False,
    looks: Looks = OURS,
    zone: str = zones.HOME,
) -> Site:
    """The workbench of *parapet*, as an adapter serves it.

    Args:
        own_login: where the host's framework signs people in.

    Raises:
        ConfigurationError: `authenticate` is missing, or the service has no `form_key` to sign its forms with,
            or there is no such *zone*.
    """
    if not callable(authenticate):
        raise ConfigurationError(
            "The workbench needs authenticate=: a function from a request to a Principal, or None for strangers."
        )
    if parapet.secrets.form_key is None:
        raise ConfigurationError(
            "The workbench needs Secrets(form_key=...) to sign its forms: the same value on every process."
        )
    desk = Desk(
        app=parapet,
        form_key=parapet.secrets.form_key,
        authenticate=authenticate,
        authorize=authorize,
        links=tuple(links),
        login_url=login_url,
        own_login=own_login,
        read_only=read_only,
        looks=looks,
        zone=zones.checked(zone),
    )
    return Site(desk)
