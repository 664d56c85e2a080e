"""Flask-Login before the workbench."""

from __future__ import annotations

from examples.hosts.reliability import MOUNT, parapet
from flask import Flask, redirect, request
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug import Response

from parapet.web import Principal, Request, Role
from parapet.web.flask import metrics, workbench

PEOPLE = {"ana": ("an example's password", Role.RESPONDER), "vera": ("another password", Role.VIEWER)}

app = Flask(__name__)
app.secret_key = "an example's secret key"
manager = LoginManager(app)
manager.login_view = "login"
FORM = """<!doctype html><title>Sign in</title><form method="post">
<label>Name <input name="name"></label> <label>Password <input name="password" type="password"></label>
<button>Sign in</button></form>"""


class User(UserMixin):  # type: ignore[misc]
    """Somebody of the table above."""

    def __init__(self, name: str) -> None:
        self.id = name


@manager.user_loader  # type: ignore[untyped-decorator]
def load(name: str) -> User | None:
    """Who the session says."""
    return User(name) if name in PEOPLE else None


@app.route("/login", methods=["GET", "POST"])
def login() -> Response | tuple[str, int]:
    """Real ones hash their passwords. Back to where somebody came from, which is always a path of this site."""
    if request.method == "GET":
        return FORM, 200
    name = request.form["name"]
    if name not in PEOPLE or request.form["password"] != PEOPLE[name][0]:
        return FORM, 403
    login_user(User(name))
    to = request.args.get("next", "")
    is_ours = to.startswith("/") and not to.startswith(("//", "/\\"))
    return redirect(to if is_ours else request.root_path + f"/{MOUNT}/")


@app.post("/logout")
def logout() -> Response:
    """Out again."""
    logout_user()
    return redirect(request.root_path + "/login")


def who(_: Request) -> Principal | None:
    """Whoever Flask-Login knows."""
    if not current_user.is_authenticated:
        return None
    name = current_user.get_id()
    return Principal(id=name, name=name.capitalize(), role=PEOPLE[name][1])


app.add_url_rule("/metrics", view_func=metrics(parapet, allow_networks=["127.0.0.0/8"]))
app.register_blueprint(workbench(parapet, authenticate=who), url_prefix=f"/{MOUNT}")
