"""What Django starts with."""

from __future__ import annotations

from django.apps import AppConfig


class ReliabilityConfig(AppConfig):
    """Counts the statements of every database of Django."""

    name = "clinic.reliability"
    label = "parapet_reliability"

    def ready(self) -> None:
        """Called once, before the first statement."""
        from parapet.integrations.django_db import instrument

        from clinic.reliability.service import parapet

        instrument(parapet)
