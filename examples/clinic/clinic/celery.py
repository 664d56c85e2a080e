"""Jobs: `celery -A clinic worker`, in this folder."""

from __future__ import annotations

import os

from celery import Celery

from clinic.reliability import count_jobs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

app = Celery("clinic")
count_jobs(app)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
