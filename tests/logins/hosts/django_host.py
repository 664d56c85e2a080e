"""A Django project with its own logins, over WSGI or ASGI (first argument), and a browser that logs in."""

# mypy: ignore-errors
# Its libraries have an environment of their own.

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import requests
from django.conf import settings
from told import login, report

from parapet.core.guard import swallowed
from parapet.signals.recorder import Recorder

settings.configure(
    DEBUG=False,
    SECRET_KEY="only for this test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(tempfile.mkdtemp()) / "users.db")}},
    MIDDLEWARE=[
        f"{__name__}.count_logins",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[f"{__name__}.Sometimes", "django.contrib.auth.backends.ModelBackend"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"registration/login.html": "{{ form }}", "500.html": "x"},
                    )
                ]
            },
        }
    ],
    LOGGING_CONFIG=None,
    LOGIN_REDIRECT_URL="/",
)
django.setup()

from django.contrib.auth import get_user_model, views  # noqa: E402
from django.contrib.auth import login as log_in  # noqa: E402
from django.contrib.auth.signals import user_logged_in  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from parapet.integrations.django_auth import instrument  # noqa: E402

count_logins = instrument(login, callbacks=["provider_callback"])
instrument(login)


class Sometimes:
    """A backend whose directory is sometimes gone."""

    def authenticate(self, request: HttpRequest, username: str = "", password: str = "") -> None:
        if password == "broken":
            raise ConnectionError("the directory is gone")

    def get_user(self, user: int) -> None:
        return None


def second_factor(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=302, headers={"Location": "/second/"})


def callback(request: HttpRequest) -> HttpResponse:
    if "code" not in request.GET:
        return HttpResponse("stale", status=400)
    log_in(request, get_user_model().objects.get(), "django.contrib.auth.backends.ModelBackend")
    return HttpResponse("welcome")


urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("first/", second_factor, name="admin-login"),
    path("callback/", callback, name="provider_callback"),
    path("", lambda request: HttpResponse(str(request.user.is_authenticated)), name="home"),
]
call_command("migrate", verbosity=0)
get_user_model().objects.create_user("ana", password="right")


def serve() -> int:
    if sys.argv[1] == "wsgi":
        from django.core.wsgi import get_wsgi_application

        class Quiet(WSGIRequestHandler):
            def log_message(self, *arguments: object) -> None:
                pass

        http = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        return http.server_port
    import uvicorn
    from django.core.asgi import get_asgi_application

    server = uvicorn.Server(uvicorn.Config(get_asgi_application(), port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


URL = f"http://127.0.0.1:{serve()}"


TOKEN = "x" * 32


def post(**form: Any) -> int:
    protected = form | {"csrfmiddlewaretoken": TOKEN}
    answer = requests.post(f"{URL}/login/", data=protected, cookies={"csrftoken": TOKEN}, allow_redirects=False)
    return answer.status_code


def forged() -> int:
    return requests.post(f"{URL}/login/", data={"username": "ana", "password": "right"}).status_code


def right() -> int:
    return post(username="ana", password="right")


def wrong() -> int:
    return post(username="ana", password="wrong")


def incomplete() -> int:
    return post(username="ana")


def broken() -> int:
    return post(username="ana", password="broken")


def broken_callback() -> int:
    def fails(**_: object) -> None:
        raise RuntimeError("a callback is broken")

    user_logged_in.connect(fails)
    try:
        return post(username="ana", password="right")
    finally:
        user_logged_in.disconnect(fails)


def only_looking() -> int:
    return requests.get(f"{URL}/login/").status_code


def second_step() -> int:
    return requests.post(f"{URL}/first/", allow_redirects=False).status_code


def from_provider() -> int:
    return requests.get(f"{URL}/callback/?code=1").status_code


def from_provider_stale() -> int:
    return requests.get(f"{URL}/callback/").status_code


def elsewhere() -> int:
    return requests.get(f"{URL}/").status_code


def missing() -> int:
    return requests.post(f"{URL}/missing/").status_code


def counting_is_broken() -> int:
    def fails(*arguments: object) -> None:
        raise RuntimeError("broken on purpose")

    kept, Recorder.record = Recorder.record, fails
    try:
        return right()
    finally:
        Recorder.record = kept
        assert swallowed["django_auth.attempt", "RuntimeError"] == 1


def at_once() -> int:
    """Ten people, of whom every other one is wrong: their attempts are not mixed up."""
    threads = [
        threading.Thread(target=post, kwargs={"username": "ana", "password": password})
        for password in ("right", "wrong") * 5
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0


report(
    [
        only_looking,
        right,
        wrong,
        incomplete,
        broken,
        broken_callback,
        forged,
        second_step,
        from_provider,
        from_provider_stale,
        elsewhere,
        missing,
        counting_is_broken,
        at_once,
    ]
)
