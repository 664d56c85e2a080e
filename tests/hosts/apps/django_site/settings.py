"""The settings of a shop on Django."""

from __future__ import annotations

SECRET_KEY = "for tests only, which nobody signs anything with"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.hosts.apps.django_site.urls"
PARAPET = "tests.hosts.apps.reliability.parapet"
MIDDLEWARE = [
    "parapet.integrations.django.middleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "tests.hosts.apps.django_site.views.closed",
]
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("pt-br", "Português")]
LOGGING_CONFIG = None
