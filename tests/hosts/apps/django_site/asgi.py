"""The shop on Django as an ASGI application."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.hosts.apps.django_site.settings")
django = get_asgi_application()

from parapet.integrations.django_asgi import counted  # noqa: E402 - after the settings are in force

application = counted(django)
