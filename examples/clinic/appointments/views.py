"""Pages for patients, and one for reception."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from appointments.forms import Booking
from appointments.models import Appointment
from appointments.tasks import remind


def health(request: HttpRequest) -> HttpResponse:
    """For whoever started us: we answer."""
    return HttpResponse("ok\n", content_type="text/plain")


def front(request: HttpRequest) -> HttpResponse:
    """The form."""
    return render(request, "front.html", {"form": Booking(), "booked": "booked" in request.GET})


@require_POST
def book(request: HttpRequest) -> HttpResponse:
    """One appointment more, and a reminder of it."""
    form = Booking(request.POST)
    if not form.is_valid():
        return render(request, "front.html", {"form": form, "booked": False}, status=400)
    remind.delay(form.save().pk)
    return redirect("/?booked")


@login_required
def day(request: HttpRequest) -> HttpResponse:
    """What comes, for reception."""
    coming = Appointment.objects.filter(at__gte=timezone.now()).order_by("at")
    return render(request, "day.html", {"coming": coming})
