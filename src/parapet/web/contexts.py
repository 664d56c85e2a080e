"""What each template is given as `view`, beside `chrome`: a contract with templates that hosts made their own."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from parapet.web.pages.work import DeclareView
from parapet.web.problems import Problem
from parapet.web.views.about import AboutView
from parapet.web.views.acting import ConfirmView
from parapet.web.views.approvals import ApprovalsView
from parapet.web.views.calls import CallsView
from parapet.web.views.capabilities import CapabilitiesView
from parapet.web.views.changes import ChangesView
from parapet.web.views.conflict import ConflictView
from parapet.web.views.home import HomeView
from parapet.web.views.inbox import BodyView, InboxView
from parapet.web.views.incident import IncidentView
from parapet.web.views.items import ItemsView, ItemView
from parapet.web.views.journey import JourneyPage
from parapet.web.views.maintenance import MaintenanceView
from parapet.web.views.queue import QueueView
from parapet.web.views.redact import RedactView
from parapet.web.views.retrospective import RetrospectiveView
from parapet.web.views.running import RunView
from parapet.web.views.work import WorkView
from parapet.web.views.zone import ZoneView

CONTEXTS: Mapping[str, type] = MappingProxyType(
    {
        "about.html": AboutView,
        "approvals.html": ApprovalsView,
        "body.html": BodyView,
        "calls.html": CallsView,
        "capabilities.html": CapabilitiesView,
        "changes.html": ChangesView,
        "confirm.html": ConfirmView,
        "conflict.html": ConflictView,
        "declare.html": DeclareView,
        "home.html": HomeView,
        "inbox.html": InboxView,
        "incident.html": IncidentView,
        "item.html": ItemView,
        "items.html": ItemsView,
        "journey.html": JourneyPage,
        "problem.html": Problem,
        "maintenance.html": MaintenanceView,
        "queue.html": QueueView,
        "redact.html": RedactView,
        "retrospective.html": RetrospectiveView,
        "run.html": RunView,
        "work.html": WorkView,
        "zone.html": ZoneView,
    }
)
"""Template -> the dataclass of its view."""


def context_of(template: str) -> frozenset[type]:
    """Every dataclass that the view of *template* is made of."""
    found: set[type] = set()
    waiting = [CONTEXTS[template]]
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            waiting += [each for hint in typing.get_type_hints(kind).values() for each in _dataclasses(hint)]
    return frozenset(found)


def _dataclasses(hint: object) -> Iterator[type]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    for each in typing.get_args(hint):
        yield from _dataclasses(each)
