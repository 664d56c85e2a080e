"""The clinic: patients book appointments, and are reminded of them. An ordinary Django project with Celery."""

from __future__ import annotations

from clinic.celery import app as celery_app

__all__ = ["celery_app"]
