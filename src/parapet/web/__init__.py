"""Doors for people and machines: workbench, webhook, metrics. Denies by default.

`workbench` and `metrics` here are those of Starlette, FastAPI and any ASGI host; Django's are in `parapet.web.django`,
Flask's in `parapet.web.flask`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parapet.web.looks import Looks
from parapet.web.principal import Action, Principal, Role
from parapet.web.request import Request
from parapet.web.views.links import Link

if TYPE_CHECKING:
    from parapet.web.starlette import metrics, workbench

__all__ = ["Action", "Link", "Looks", "Principal", "Request", "Role", "metrics", "workbench"]


def __getattr__(name: str) -> Any:  # Flask and Django hosts need no Starlette
    if name in {"metrics", "workbench"}:
        from parapet.web import starlette

        return getattr(starlette, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
