"""Doors for people and machines: workbench, webhook, metrics. Denies by default."""

from __future__ import annotations

from parapet.web.principal import Action, Principal, Role
from parapet.web.request import Request
from parapet.web.starlette import metrics, workbench
from parapet.web.views.links import Link

__all__ = ["Action", "Link", "Principal", "Request", "Role", "metrics", "workbench"]
