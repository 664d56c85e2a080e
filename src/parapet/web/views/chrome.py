"""What surrounds every page: where you are, who you are, when the page was made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet import __version__
from parapet.web.text import day, stamp
from parapet.web.zones import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Chrome:
    """The frame around one page."""

    title: str
    """For the document's title; may hold alert text."""
    base: str
    """The mount as seen from this page, relative, with a slash at its end."""
    style: str
    """Address of the style sheet below the mount."""
    script: str
    """Address of the script; every page works without it."""
    icon: str
    own_style: str
    """Address of the host's own style sheet; empty without one."""
    logo: str
    """Address of the host's own logo; empty without one."""
    name: str
    """What the workbench is called, in titles and beside the logo."""
    service: str
    environment: str
    place: str
    """journeys, incidents or changes; empty on pages outside the navigation."""
    open_count: int | None
    """Open incidents, where the page knows them."""
    who: str | None
    """Name and role; None when nobody is signed in."""
    made_clock: str
    made_at: str
    read_only: bool
    form_token: str
    toast: str | None
    reload: str
    """This page again, without what only a toast needed."""
    zone: Zone
    """In which times are shown."""
    live: bool
    """Whether the page keeps itself true: not the answer to a form, nor a page for strangers."""
    parapet_version: str = __version__


def made_at(now: datetime) -> str:
    """When the page was made, for its foot."""
    return f"{stamp(now, now, seconds=True)}, {day(now)}"
