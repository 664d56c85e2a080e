"""Every rule of a catalog, in groups: maintenance, slices, diagnostics. Files and objects are made of these."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.artifacts.alerts import alert_groups
from parapet.artifacts.diagnostics import diagnostic_alert_groups, diagnostic_recording_groups
from parapet.artifacts.maintenance import maintenance_groups
from parapet.artifacts.recording import recording_groups
from parapet.artifacts.rules import Group
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """All of them, in the order in which tests evaluate them; a server keeps none."""

    recordings: tuple[Group, ...]
    alerts: tuple[Group, ...]

    @property
    def all(self) -> tuple[Group, ...]:
        """Recording rules, then alerts."""
        return (*self.recordings, *self.alerts)


def groups_of(catalog: Catalog, wiring: Wiring) -> Groups:
    """The groups of every rule."""
    return Groups(
        recordings=(
            *maintenance_groups(catalog, wiring),  # first, because what counts depends on it
            *recording_groups(catalog, wiring),
            *diagnostic_recording_groups(catalog, wiring),
        ),
        alerts=(*alert_groups(catalog, wiring), *diagnostic_alert_groups(catalog, wiring)),
    )
