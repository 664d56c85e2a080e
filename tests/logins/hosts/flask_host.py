"""A Flask application with Flask-Login, served by Werkzeug, and a browser that logs in."""

# mypy: ignore-errors
# Its libraries have an environment of their own.

from __future__ import annotations

import threading
from typing import Any

import requests
from flask import Flask, abort, redirect, request
from flask_login import LoginManager, UserMixin, login_required, login_user, user_logged_in
from told import login, report
from werkzeug.serving import make_server

from parapet.core.guard import swallowed
from parapet.integrations.flask_login import instrument
from parapet.signals.recorder import Recorder

app = Flask(__name__)
app.secret_key = "only for this test"
manager = LoginManager(app)


class User(UserMixin):
    def __init__(self, name: str) -> None:
        self.id = name


@manager.user_loader
def load(name: str) -> User:
    return User(name)


@app.route("/login", methods=["GET", "POST"])
def sign_in() -> Any:
    if request.method == "GET":
        return "a form"
    password = request.form["password"]
    if password == "broken":
        raise RuntimeError("the database is gone")
    if password == "unavailable":
        abort(503)
    if password == "wrong":
        return redirect("/login")
    login_user(User(request.form["name"]))
    if password == "broken afterwards":
        raise RuntimeError("a callback is broken")
    return redirect("/")


@app.get("/callback")
def callback() -> Any:
    if request.args.get("state") != "mine":
        return "stale", 400
    login_user(User("ana"))
    return redirect("/")


@app.get("/")
@login_required
def home() -> str:
    return "home"


@app.get("/impersonate")
def impersonate() -> str:
    login_user(User("ben"))
    return "you are ben"


instrument(app, login, views=["sign_in"], callbacks=["callback"])
instrument(app, login, views=["sign_in"], callbacks=["callback"])
server = make_server("127.0.0.1", 0, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
browser = requests.Session()


def post(password: str) -> int:
    answer = browser.post(f"{URL}/login", data={"name": "ana", "password": password}, allow_redirects=False)
    return answer.status_code


def right() -> int:
    return post("right")


def wrong() -> int:
    return post("wrong")


def incomplete() -> int:
    return browser.post(f"{URL}/login", data={}, allow_redirects=False).status_code


def broken() -> int:
    return post("broken")


def unavailable() -> int:
    return post("unavailable")


def broken_afterwards() -> int:
    return post("broken afterwards")


def broken_listener() -> int:
    def fails(*arguments: object, **named: object) -> None:
        raise RuntimeError("a listener is broken")

    user_logged_in.connect(fails, app)
    try:
        return post("right")
    finally:
        user_logged_in.disconnect(fails, app)


def only_looking() -> int:
    return browser.get(f"{URL}/login").status_code


def elsewhere() -> int:
    return browser.get(f"{URL}/impersonate").status_code


def at_home() -> int:
    return browser.get(f"{URL}/").status_code


def from_provider() -> int:
    return browser.get(f"{URL}/callback?state=mine", allow_redirects=False).status_code


def from_provider_stale() -> int:
    return browser.get(f"{URL}/callback?state=old", allow_redirects=False).status_code


def counting_is_broken() -> int:
    def fails(*arguments: object) -> None:
        raise RuntimeError("broken on purpose")

    kept, Recorder.record = Recorder.record, fails
    try:
        return post("right")
    finally:
        Recorder.record = kept
        assert swallowed["flask_login.attempt", "RuntimeError"] == 1


report(
    [
        only_looking,
        right,
        at_home,
        wrong,
        incomplete,
        broken,
        unavailable,
        broken_afterwards,
        broken_listener,
        elsewhere,
        from_provider,
        from_provider_stale,
        counting_is_broken,
    ]
)
server.shutdown()
