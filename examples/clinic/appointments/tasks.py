"""What happens in the background."""

from __future__ import annotations

from celery import shared_task
from django.core.mail import send_mail

from appointments.models import Appointment

SENDER = "clinic@example.com"


@shared_task
def remind(number: int) -> bool:
    """Write to the patient; whether there was anybody to write to. Doing it again writes nothing."""
    appointment = Appointment.objects.filter(pk=number, reminded=False).first()
    if appointment is None:
        return False
    text = f"Dear {appointment.patient}, we expect you on {appointment.at:%d %B %Y at %H:%M}."
    send_mail("Your appointment", text, SENDER, [appointment.email])
    appointment.reminded = True
    appointment.save(update_fields=["reminded"])
    return True
