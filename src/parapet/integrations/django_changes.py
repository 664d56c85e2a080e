"""Migrations through Django: with `listen(parapet.changed)` in an AppConfig's ready(), `migrate` tells what it did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.types import JsonObject
from parapet.integrations.changes import Tell

try:
    from django.db.models.signals import post_migrate
except ImportError as error:
    raise ConfigurationError("Django is not installed. Install it, or do not instrument it.") from error

UID = "parapet.migrations"


def listen(tell: Tell) -> None:
    """Tell of every migration that a run of `migrate` applied or undid, once it is done."""
    told: list[object] = []  # the plan is the same object for every app of a run

    def migrated(*, plan: Sequence[tuple[Any, bool]], using: str, **_: object) -> None:
        with guarded("django.migrate"):
            if any(plan is one for one in told) or not plan:
                return
            told[:] = [plan]
            for migration, undone in plan:
                name = f"{migration.app_label}.{migration.name}"
                title = f"Migration undone: {name}" if undone else f"Migration {name}"
                said: JsonObject = {"upgrade": not undone, "database": using}
                tell("migration", title, version=None if undone else name, by="django", details=said)

    post_migrate.connect(migrated, weak=False, dispatch_uid=UID)
