"""Notes, and the export of all of them."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template, request, send_file, session, url_for
from werkzeug.wrappers import Response

from notes import database, exports
from notes.settings import Settings

blueprint = Blueprint("pages", __name__)
LONGEST = 10_000


@blueprint.get("/")
def front() -> str | Response:
    """Everything that somebody wrote."""
    person = _person()
    if person is None:
        return redirect(url_for("accounts.ask"))
    return render_template(
        "notes.html", notes=database.texts(person), ready=exports.file_of(_settings(), person).exists()
    )


@blueprint.post("/notes")
def write() -> Response:
    """One note more."""
    text = request.form.get("text", "").strip()
    if not 0 < len(text) <= LONGEST:
        abort(400)
    database.write(_known(), text)
    return redirect(url_for("pages.front"))


@blueprint.post("/export")
def export() -> Response:
    """Have all of them put together, in the background."""
    exports.begin(_settings(), _known())
    return redirect(url_for("pages.front"))


@blueprint.get("/export")
def fetch() -> Response:
    """What was put together."""
    path = exports.file_of(_settings(), _known())
    if not path.exists():
        abort(404)
    return send_file(path, mimetype="text/plain")


def _settings() -> Settings:
    found: Settings = current_app.config["NOTES"]
    return found


def _person() -> int | None:
    return session.get("person")


def _known() -> int:
    person = _person()
    if person is None:
        abort(401)
    return person
