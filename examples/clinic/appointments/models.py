"""Appointments."""

from __future__ import annotations

from django.db import models


class Appointment(models.Model):
    """One patient, one time; nobody else has that time."""

    patient = models.CharField(max_length=120)
    email = models.EmailField()
    at = models.DateTimeField(unique=True)
    reminded = models.BooleanField(default=False)

    def __str__(self) -> str:
        """For lists."""
        return f"{self.patient}, {self.at:%d %B %Y %H:%M}"
