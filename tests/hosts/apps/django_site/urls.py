"""Routes in every way Django has: includes, namespaces, regular expressions, languages."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path
from tests.hosts.apps.django_site import views

items = [path("items/<int:item>", views.item, name="item")]

urlpatterns = [
    path("metrics", views.metrics),
    path("orders/<int:order>", views.Order.as_view()),
    path("checkout/<slug:cart>", views.checkout),
    path("boom", views.boom),
    path("stream", views.stream),
    path("endless", views.endless),
    path("breaks", views.breaks),
    path("file", views.file),
    path("slow", views.slow),
    path("astream", views.async_stream),
    path("aendless", views.async_endless),
    path("api/v1/", include((items, "shop"), namespace="v1")),
    re_path(r"^old/(?P<year>\d{4})/(\w+)\.html$", views.old),
    re_path(r"^regex/", include([re_path(r"^(?P<name>[\w-]+)/$", views.old)])),
    path("closed/<int:order>", views.old),
    path("slash/<int:order>/", views.old),
    *i18n_patterns(path("about/<slug:page>", views.old)),
]
