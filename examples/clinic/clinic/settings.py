"""What a deployment decides, from CLINIC_* variables, and what Django needs to know."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]

# Without CLINIC_SECRET_KEY everybody is signed out by a restart.
SECRET_KEY = os.environ.get("CLINIC_SECRET_KEY") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = os.environ.get("CLINIC_HOSTS", "localhost,127.0.0.1").split(",")
ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = LOGIN_REDIRECT_URL = "/login/"

INSTALLED_APPS = [
    "clinic.reliability",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "appointments",
]

MIDDLEWARE = [
    "parapet.integrations.django.middleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("CLINIC_DATABASE", HERE / "clinic.db"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}

# Mail is kept in files until there is somebody to send it.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ.get("CLINIC_OUTBOX", HERE / "outbox")

CELERY_BROKER_URL = os.environ.get("CLINIC_BROKER", "redis://127.0.0.1:6379/0")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

PARAPET = "clinic.reliability.parapet"
