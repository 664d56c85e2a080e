"""Puts Parapet into the project's addresses."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from parapet.web.django import metrics, workbench

from clinic.reliability.access import authenticate
from clinic.reliability.service import parapet

# /metrics asks for the token in PARAPET_METRICS_TOKEN. The workbench needs
# PARAPET_FORM_KEY, the same on every process, and lets in whom `authenticate` knows;
# others are led to LOGIN_URL, or to the admin's login.
# Where Django is served over ASGI, say workbench(..., asgi=True), which needs anyio.
urlpatterns: list[URLPattern | URLResolver] = [path("metrics", metrics(parapet))]
if parapet.secrets.form_key is not None:
    pages = workbench(parapet, authenticate=authenticate)
    urlpatterns.append(path("parapet/", include(pages)))
