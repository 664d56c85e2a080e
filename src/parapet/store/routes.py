"""Where operators sent alerts that would have gone elsewhere. A small table: routes go when they lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from parapet.core.types import IncidentId
from parapet.incidents.routing import Routes
from parapet.store.incidents import UNRESOLVED, Incidents
from parapet.store.schema import incidents, routes


class RouteRows:
    """The routes, within one transaction."""

    def __init__(self, connection: Connection, known: Incidents) -> None:
        self._connection = connection
        self._incidents = known

    def all(self) -> Routes:
        """Every route, with the incident it leads to."""
        rows = self._connection.execute(select(routes.c.route, routes.c.incident_id)).all()
        if not rows:
            return Routes()
        wanted = select(incidents).where(incidents.c.id.in_({row.incident_id for row in rows}))
        found = {incident.id: incident for incident in self._incidents.select(wanted)}
        return Routes(targets={row.route: found[row.incident_id] for row in rows})

    def send(self, sent: Iterable[str], to: IncidentId) -> None:
        """Send *sent* to the incident *to*; a route that led elsewhere leads there now."""
        wanted = list(sent)
        self._connection.execute(delete(routes).where(routes.c.route.in_(wanted)))
        if wanted:
            self._connection.execute(insert(routes), [{"route": route, "incident_id": to} for route in wanted])

    def redirect(self, gone: IncidentId, to: IncidentId) -> None:
        """Whatever was sent to *gone* goes to *to* from now on."""
        self._connection.execute(update(routes).where(routes.c.incident_id == gone).values(incident_id=to))

    def forget(self, before: datetime) -> None:
        """Drop the routes to incidents that were over at *before*, and of which no alert fires."""
        over = select(incidents.c.id).where(~UNRESOLVED, incidents.c.resolved_at < before, incidents.c.firing == 0)
        self._connection.execute(delete(routes).where(routes.c.incident_id.in_(over)))
