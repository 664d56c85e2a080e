"""What patients fill in."""

from __future__ import annotations

from django import forms

from appointments.models import Appointment


class Booking(forms.ModelForm):
    """Who, and when."""

    at = forms.DateTimeField(widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))

    class Meta:
        """Everything but what we know ourselves."""

        model = Appointment
        fields = ("patient", "email", "at")
