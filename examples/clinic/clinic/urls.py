"""Every address of the clinic."""

from __future__ import annotations

from django.contrib.auth.views import LoginView
from django.urls import include, path

from appointments import views

urlpatterns = [
    path("", include("clinic.reliability.mounting")),
    path("", views.front, name="front"),
    path("book", views.book, name="book"),
    path("day", views.day, name="day"),
    path("login/", LoginView.as_view(template_name="login.html", next_page="day"), name="login"),
    path("health", views.health),
]
