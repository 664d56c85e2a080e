"""Where an operator sent alerts that would have gone elsewhere: after a merge and after a split."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parapet.core.types import IncidentId
from parapet.incidents.model import Incident, IncidentState
from parapet.incidents.policy import IncidentPolicy

_KEY = "key:"


def key_route(key: str) -> str:
    """What the alerts of a correlation key are sent elsewhere by."""
    return f"{_KEY}{key}"


def alert_route(source: str, fingerprint: str) -> str:
    """What one alert is sent elsewhere by; goes before the route of its key."""
    return f"alert:{source}/{fingerprint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Route -> the incident that its alerts go to. Nearly always empty."""

    targets: Mapping[str, Incident] = field(default_factory=dict)

    def target(
        self, *, source: str, fingerprint: str, key: str, received_at: datetime, policy: IncidentPolicy
    ) -> Incident | None:
        """Where an alert was sent; None: nowhere, or its incident has been over for longer than it may reopen."""
        for route in (alert_route(source, fingerprint), key_route(key)):
            incident = self.targets.get(route)
            if incident is not None and _takes(incident, received_at, policy):
                return incident
        return None

    def keys_to(self, incident: Incident) -> frozenset[str]:
        """The correlation keys whose alerts are sent to *incident*."""
        found = (route for route, one in self.targets.items() if one.id == incident.id and route.startswith(_KEY))
        return frozenset(route.removeprefix(_KEY) for route in found)

    def of_key(self, key: str) -> Incident | None:
        """The unresolved incident that the alerts of *key* are sent to."""
        incident = self.targets.get(key_route(key))
        return incident if incident is not None and incident.state is not IncidentState.RESOLVED else None

    def concerned(self, keys: Collection[str], alerts: Collection[str]) -> frozenset[IncidentId]:
        """The incidents whose alerts are among these *keys* and *alerts*, both as routes, or whose own key is."""
        wanted = {*map(key_route, keys), *alerts}
        found = {one.id for route, one in self.targets.items() if route in wanted or one.key in keys}
        return frozenset(number for number in found if number is not None)

    def keys_of(self, incidents: Collection[IncidentId]) -> frozenset[str]:
        """The own keys of *incidents*: whoever works on them takes turns on these."""
        return frozenset(one.key for one in self.targets.values() if one.id in incidents)


def _takes(incident: Incident, received_at: datetime, policy: IncidentPolicy) -> bool:
    if incident.state is not IncidentState.RESOLVED:
        return True
    over = (received_at - (incident.resolved_at or incident.last_heard_at)).total_seconds()
    return over <= policy.reopen_window_seconds
