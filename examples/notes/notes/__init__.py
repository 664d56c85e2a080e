"""Notes: people write them, and take all of them home as one file. An ordinary Flask application."""

from __future__ import annotations

from flask import Flask

from notes import accounts, database, pages
from notes.reliability.mounting import attach
from notes.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application of one deployment; without *settings*, as the environment says."""
    settings = settings or Settings.read()
    app = Flask(__name__)
    app.secret_key = settings.secret_key
    app.config["NOTES"] = settings
    database.prepare()
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(pages.blueprint)

    @app.get("/health")
    def health() -> str:
        """For whoever started us: we answer."""
        return "ok\n"

    attach(app)
    return app
