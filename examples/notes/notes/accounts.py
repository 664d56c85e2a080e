"""Signing up, in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from notes import database

blueprint = Blueprint("accounts", __name__)
SHORTEST_PASSWORD = 8


@blueprint.get("/login")
def ask() -> str:
    """The form for both."""
    return render_template("login.html", problem="")


@blueprint.post("/signup")
def sign_up() -> tuple[str, int] | Response:
    """A new account, signed in."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    if not name or len(password) < SHORTEST_PASSWORD:
        return render_template("login.html", problem=f"A name, and {SHORTEST_PASSWORD} characters or more."), 400
    return _enter(database.sign_up(name, password), "This name is taken.", 409)


@blueprint.post("/login")
def sign_in() -> tuple[str, int] | Response:
    """Somebody we know."""
    found = database.check(request.form.get("name", ""), request.form.get("password", ""))
    return _enter(found, "This name and password do not belong together.", 401)


@blueprint.post("/logout")
def sign_out() -> Response:
    """Forget who this browser is."""
    session.clear()
    return redirect(url_for("accounts.ask"))


def _enter(person_id: int | None, problem: str, status: int) -> tuple[str, int] | Response:
    if person_id is None:
        return render_template("login.html", problem=problem), status
    session["person"] = person_id
    return redirect(url_for("pages.front"))
