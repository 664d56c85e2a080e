"""Every rule of a catalog, in groups: maintenance, slices, diagnostics. Files and objects are made of these."""

from __future__ import annotations

from parapet.artifacts.alerts import alert_groups
from parapet.artifacts.diagnostics import diagnostic_alert_groups, diagnostic_recording_groups
from parapet.artifacts.maintenance import maintenance_groups
from parapet.artifacts.recording import recording_groups
from parapet.artifacts.rules import Group
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog


def all_recordings(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """The groups of every recording rule."""
    return (
        *maintenance_groups(catalog, wiring),  # first, because what counts depends on it
        *recording_groups(catalog, wiring),
        *diagnostic_recording_groups(catalog, wiring),
    )


def all_alerts(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """The groups of every alert."""
    return (*alert_groups(catalog, wiring), *diagnostic_alert_groups(catalog, wiring))
