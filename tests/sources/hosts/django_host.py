"""django-prometheus, with its two middlewares around one module of views."""

from __future__ import annotations

import time

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from traffic import SLOW_SECONDS, serve_wsgi

settings.configure(
    DEBUG=False,
    SECRET_KEY="only-for-this-process",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django_prometheus"],
    MIDDLEWARE=[
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ],
    LOGGING_CONFIG=None,
)
django.setup()


def fine(request: HttpRequest, number: int = 0) -> HttpResponse:
    return HttpResponse("fine")


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(SLOW_SECONDS)
    return HttpResponse("slow")


def broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=500)


def crash(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


urlpatterns = [
    path("fine", fine, name="fine"),
    path("items/<int:number>", fine, name="item"),
    path("slow", slow, name="slow"),
    path("broken", broken, name="broken"),
    path("crash", crash, name="crash"),
    path("", include("django_prometheus.urls")),
]

if __name__ == "__main__":
    from django.core.wsgi import get_wsgi_application

    serve_wsgi(get_wsgi_application())
