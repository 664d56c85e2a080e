"""What gunicorn serves: `gunicorn wsgi:app`, in this folder."""

from __future__ import annotations

from notes import create_app

app = create_app()
