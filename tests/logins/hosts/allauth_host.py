"""A Django project with django-allauth, its own provider on the loopback, and a browser that signs up and logs in."""

# mypy: ignore-errors
# Its libraries have an environment of their own.

from __future__ import annotations

import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import requests
from django.conf import settings
from told import login, report, signup

from parapet.core.guard import swallowed
from parapet.signals.recorder import Recorder

trouble: set[str] = set()


class Provider(BaseHTTPRequestHandler):
    """As much of GitHub as a login needs."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if "token" in trouble:
            self.answer(500, {})
        else:
            self.answer(200, {"access_token": "a token", "token_type": "bearer"})

    def do_GET(self) -> None:
        email = {"email": "ben@shop.example", "primary": True, "verified": True}
        self.answer(200, [email] if "emails" in self.path else {"id": 7, "login": "ben", "name": "Ben"})

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=provider.serve_forever, daemon=True).start()
github = {"APPS": [{"client_id": "id", "secret": "secret"}], "GITHUB_URL": f"http://127.0.0.1:{provider.server_port}"}
settings.configure(
    DEBUG=False,
    SECRET_KEY="only for this test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.github",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(tempfile.mkdtemp()) / "users.db")}},
    MIDDLEWARE=[
        f"{__name__}.count_logins",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
    ACCOUNT_RATE_LIMITS=False,
    SOCIALACCOUNT_PROVIDERS={"github": github},
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    LOGGING_CONFIG=None,
    LOGIN_REDIRECT_URL="/",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from allauth.account.signals import user_signed_up  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402

from parapet.integrations.allauth import instrument  # noqa: E402

count_logins = instrument(login=login, signup=signup)
instrument(login=login, signup=signup)
urlpatterns = [path("accounts/", include("allauth.urls")), path("", lambda request: HttpResponse("home"))]
call_command("migrate", verbosity=0)


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


http = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
threading.Thread(target=http.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{http.server_port}/accounts"


def register(name: str, second: str = "a good password") -> int:
    form = {"username": name, "password1": "a good password", "password2": second, "email": f"{name}@shop.example"}
    return requests.post(f"{URL}/signup/", data=form, allow_redirects=False).status_code


def post(password: str) -> int:
    form = {"login": "ana", "password": password}
    return requests.post(f"{URL}/login/", data=form, allow_redirects=False).status_code


def come_back(**answer: str) -> int:
    """Go to the provider and return with its answer."""
    browser = requests.Session()
    away = browser.get(f"{URL}/github/login/", allow_redirects=False)
    state = parse_qs(urlsplit(away.headers["Location"]).query)["state"][0]
    return browser.get(
        f"{URL}/github/login/callback/", params={"state": state} | answer, allow_redirects=False
    ).status_code


def signed_up() -> int:
    return register("ana")


def signed_up_twice() -> int:
    return register("ana")


def signup_is_broken() -> int:
    def fails(**_: object) -> None:
        raise RuntimeError("a callback is broken")

    user_signed_up.connect(fails)
    try:
        return register("cleo")
    finally:
        user_signed_up.disconnect(fails)


def right() -> int:
    return post("a good password")


def wrong() -> int:
    return post("wrong")


def only_looking() -> int:
    return requests.get(f"{URL}/login/").status_code


def from_provider_first() -> int:
    return come_back(code="1")


def from_provider() -> int:
    return come_back(code="1")


def from_provider_cancelled() -> int:
    return come_back(error="access_denied")


def from_provider_error() -> int:
    return come_back(error="server_error")


def from_provider_broken() -> int:
    trouble.add("token")
    try:
        return come_back(code="1")
    finally:
        trouble.clear()


def from_provider_stale() -> int:
    return requests.get(f"{URL}/github/login/callback/?code=1&state=old", allow_redirects=False).status_code


def counting_is_broken() -> int:
    def fails(*arguments: object) -> None:
        raise RuntimeError("broken on purpose")

    kept, Recorder.record = Recorder.record, fails
    try:
        return post("a good password")
    finally:
        Recorder.record = kept
        assert swallowed["django_auth.attempt", "RuntimeError"] == 1


def from_provider_gone() -> int:
    provider.shutdown()
    provider.server_close()
    return come_back(code="1")


report(
    [
        signed_up,
        signed_up_twice,
        signup_is_broken,
        right,
        wrong,
        only_looking,
        from_provider_first,
        from_provider,
        from_provider_cancelled,
        from_provider_error,
        from_provider_broken,
        from_provider_stale,
        counting_is_broken,
        from_provider_gone,
    ]
)
