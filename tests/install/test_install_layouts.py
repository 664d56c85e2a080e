"""Layouts as other people have them: each is wired, counts a request, is left alone the second time, and given back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.install.conftest import TOKEN, Host

ASGI = """
import asyncio
from importlib import import_module
module, _, name = "{served}".partition(":")
app = getattr(import_module(module), name)
app = app if hasattr(app, "router") else app()

async def ask(path, headers=()):
    told = []
    scope = dict(type="http", asgi=dict(version="3.0"), http_version="1.1", method="GET", scheme="http", path=path,
                 raw_path=path.encode(), root_path="", query_string=b"", client=("127.0.0.1", 1),
                 server=("localhost", 80), headers=[(b"host", b"localhost"), *headers])
    async def receive():
        return dict(type="http.request", body=b"", more_body=False)
    async def send(message):
        told.append(message)
    await app(scope, receive, send)
    return told[0]["status"], b"".join(one.get("body", b"") for one in told[1:])

status, _ = asyncio.run(ask("{path}"))
assert status == 200, status
status, _ = asyncio.run(ask("/metrics"))
assert status == 401, status
print(asyncio.run(ask("/metrics", [(b"authorization", b"Bearer {token}")]))[1].decode())
"""
WSGI = """
from importlib import import_module
from werkzeug.test import Client
module, _, name = "{served}".partition(":")
app = getattr(import_module(module), name)
client = Client(app if hasattr(app, "wsgi_app") else app())
assert client.get("{path}").status_code == 200
assert client.get("/metrics").status_code == 401
print(client.get("/metrics", headers={{"Authorization": "Bearer {token}"}}).text)
"""
DJANGO = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "{served}"
import django
django.setup()
from django.test import Client
client = Client(SERVER_NAME="localhost")
assert client.get("{path}").status_code == 200
assert client.get("/metrics").status_code == 401
print(client.get("/metrics", headers={{"Authorization": "Bearer {token}"}}).content.decode())
"""


@dataclass(frozen=True)
class Layout:
    """What is true of one layout once it is wired."""

    name: str
    served: str
    package: str
    path: str
    """What somebody asks for."""
    route: str
    ask: str = ASGI
    folder: str = ""
    edited: tuple[str, ...] = ()


EVERY = (
    Layout("fastapi-single", "main:app", "reliability", "/", "/", edited=("main.py", "requirements.txt")),
    Layout(
        "fastapi-factory",
        "shop.factory:create_app",
        "shop.reliability",
        "/orders/7",
        "/orders/{number}",
        edited=("Procfile", "pyproject.toml", "shop/factory.py"),
    ),
    Layout(
        "fastapi-src",
        "ledger.main:app",
        "ledger.reliability",
        "/one",
        "/one",
        folder="src",
        edited=(".gitignore", "pyproject.toml", "src/ledger/db.py", "src/ledger/main.py", "src/ledger/worker.py"),
    ),
    Layout("fastapi-submount", "main:app", "reliability", "/api/hello", "/api/hello", edited=("main.py",)),
    Layout("starlette-routes", "app:app", "reliability", "/", "/", edited=("app.py",)),
    Layout(
        "monorepo",
        "app.main:app",
        "app.reliability",
        "/items",
        "/items",
        folder="services/api",
        edited=("services/api/app/main.py",),
    ),
    Layout("flask-single", "app:app", "reliability", "/login", "/login", WSGI, edited=("app.py",)),
    Layout(
        "flask-blueprints",
        "wsgi:application",
        "notes.reliability",
        "/notes/7",
        "/notes/{number}",
        WSGI,
        edited=("notes/__init__.py", "requirements.txt"),
    ),
    Layout("flask-circular", "web:app", "web.reliability", "/", "/", WSGI, edited=("web/__init__.py",)),
    Layout(
        "django-classic",
        "mysite.settings",
        "mysite.reliability",
        "/",
        "/",
        DJANGO,
        edited=("mysite/settings.py", "mysite/urls.py"),
    ),
    Layout(
        "django-settings",
        "config.settings.local",
        "config.reliability",
        "/",
        "/",
        DJANGO,
        edited=("config/settings/base.py", "config/urls.py"),
    ),
)


@pytest.mark.parametrize("layout", EVERY, ids=lambda one: one.name)
def test_a_host_is_wired_counted_and_given_back(layout: Layout, host: Callable[[str], Host]) -> None:
    """Whoever installs has a running application whose requests are counted; whoever regrets it has what was there."""
    here = host(layout.name)
    before = here.files()

    told = here.install().json
    assert told["done"] is True
    assert told["app"] == f"{layout.package}:parapet"
    assert sorted(told["edited"]) == sorted(layout.edited)

    said = here.says(layout.ask.format(served=layout.served, path=layout.path, token=TOKEN), layout.folder)
    counted = [line for line in said.splitlines() if line.startswith("parapet_http_request_duration_seconds_count")]
    assert any(f'route="{layout.route}"' in line and line.endswith(" 1") for line in counted), said

    installed = here.files()
    again = here.run("install", "--yes")
    assert (again.code, again.out) == (0, "Nothing to do: everything is in its place.\n")
    assert here.files() == installed

    assert here.run("uninstall", "--yes").code == 0
    assert here.files() == before
