"""Puts Parapet into the application."""

from __future__ import annotations

from flask import Flask
from parapet.integrations.flask import instrument
from parapet.web.flask import metrics, workbench

from notes.reliability.access import authenticate
from notes.reliability.service import parapet


def attach(app: Flask) -> None:
    """Count every request of *app*, and answer for /metrics and /parapet.

    /metrics asks for the token in PARAPET_METRICS_TOKEN. The workbench needs
    PARAPET_FORM_KEY, the same on every process, and lets in whom
    `access.authenticate` knows; others are led to `login_view` of Flask-Login, or to
    workbench(..., login_url="../login"). With Flask-WTF: `csrf.exempt` its blueprint.
    """
    instrument(app, parapet)
    app.add_url_rule("/metrics", "parapet_metrics", metrics(parapet))
    if parapet.secrets.form_key is not None:
        pages = workbench(parapet, authenticate=authenticate)
        app.register_blueprint(pages, url_prefix="/parapet")
