"""The workbench in every host under its real server, behind the login that people use there."""

from __future__ import annotations

import html
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import cache
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import pytest
from tests.environments import python_of
from tests.hosts.conftest import ROOT, Server, Start, wait_until
from tests.hosts.proxy import proxied
from tests.hosts.test_hosts_servers import GUNICORN, UVICORN

from parapet.store import migrate
from parapet.store.store import Store
from parapet.testing import alert, alertmanager_payload

FORM = {"content-type": "application/x-www-form-urlencoded"}
HOOK = {"authorization": "Bearer an example's webhook token", "content-type": "application/json"}
API = {"authorization": "Bearer an example's API token"}
LABELS = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}
PASSWORD = "an example's password"
MAKE_USER = (
    "import examples.hosts.django_site\n"
    "from django.core.management import call_command\n"
    "call_command('migrate', verbosity=0)\n"
    "from django.contrib.auth.models import User\n"
    f"User.objects.create_user('ana', password={PASSWORD!r}, is_staff=True)"
)
PREFIX, PLACE = "/acme/shop", "/staff-only"
"""What a proxy puts before the host, and where the workbench is in it; elsewhere it is at /parapet."""
TESTED = {
    "gunicorn-django": (GUNICORN + " --threads 4 --preload examples.hosts.django_site:application", {}),
    "uvicorn-django": (UVICORN + " --lifespan off examples.hosts.django_site:application", {"SHOP_ASGI": "1"}),
    "gunicorn-flask-login": (GUNICORN + " --threads 4 --preload examples.hosts.flask_login_shop:app", {}),
    "uvicorn-fastapi-users": (UVICORN + " examples.hosts.fastapi_users_shop:app", {}),
    "uvicorn-proxied": (UVICORN + " --proxy-headers examples.hosts.proxied_shop:app", {}),
}


class Person:
    """A browser with a jar of cookies."""

    def __init__(self, server: Server, headers: Mapping[str, str] | None = None) -> None:
        self.server = server
        self.headers = dict(headers or {})
        self.cookies: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[HTTPResponse, str]:
        """The answer and its text."""
        jar = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=60)) as connection:
            whole = path if path.startswith(f"{PREFIX}/") else self.server.prefix + path
            connection.request(method, whole, body=body, headers={**jar, **self.headers, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode()
        for cookie in answer.headers.get_all("set-cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer, text

    def send(self, path: str, fields: Mapping[str, str], origin: str | None = None) -> tuple[HTTPResponse, str]:
        """Submit a form of the same site."""
        own = f"http://127.0.0.1:{self.server.port}"
        return self.ask("POST", path, urlencode(fields), {**FORM, "origin": origin or own})


def wanted(sign_in: str) -> str:
    """Where a person is who signed in there."""
    return parse_qs(urlsplit(sign_in).query).get("next", ["/parapet/"])[0]


def by_django(person: Person, to: str = "/login") -> None:
    _, page = person.ask("GET", to)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    answer, _ = person.send(to, {"csrfmiddlewaretoken": token[1], "username": "ana", "password": PASSWORD})
    assert (answer.status, answer.getheader("location")) == (302, wanted(to))


def by_flask_login(person: Person, to: str = "/login") -> None:
    assert "Sign in" in person.ask("GET", to)[1]
    answer, _ = person.send(to, {"name": "ana", "password": PASSWORD})
    assert (answer.status, answer.getheader("location")) == (302, wanted(to))


def by_fastapi_users(person: Person, to: str = "/login") -> None:
    ana = {"email": "ana@shop.example", "password": PASSWORD}
    made, _ = person.ask("POST", "/auth/register", json.dumps(ana), {"content-type": "application/json"})
    assert made.status == 201
    assert "Sign in" in person.ask("GET", to)[1]
    answer, _ = person.send(to, {"username": "ana@shop.example", "password": PASSWORD})
    assert (answer.status, answer.getheader("location")) == (303, wanted(to))


def by_proxy(person: Person, _: str = "") -> None:
    person.headers["x-forwarded-user"] = "ana@shop.example"


LOGINS: Mapping[str, Callable[..., None]] = {
    "django": by_django,
    "flask-login": by_flask_login,
    "fastapi-users": by_fastapi_users,
    "proxied": by_proxy,
}


def interpreter(host: str) -> str:
    """The Python that has the host's libraries."""
    return python_of("logins") if "fastapi-users" in host else sys.executable


@pytest.fixture(scope="module", params=TESTED, ids=str)
def host(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def server(host: str, start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The host, with an empty evidence database and somebody who may sign in."""
    environment = prepared(host, tmp_path_factory.mktemp("workbench"))
    command = TESTED[host][0].replace("uvicorn ", f"uvicorn --root-path {PREFIX} ", 1)
    running = start(command, python=interpreter(host), environment={**environment, "SHOP_MOUNT": PLACE[1:]})
    yield running
    running.end()


@pytest.fixture(scope="module")
def front(host: str, server: Server) -> Iterator[Server]:
    """The same behind a proxy. What is told its prefix at the start hears paths without it, as nginx is set up then."""
    with proxied(server.port, PREFIX, strips=host.startswith("uvicorn")) as port:
        yield replace(server, port=port, prefix=PREFIX)


def prepared(host: str, folder: Path) -> dict[str, str]:
    """The environment of a host, with an empty evidence database and somebody who may sign in."""
    store = Store(f"sqlite:///{folder / 'evidence.db'}")
    migrate.upgrade(store.engine)
    store.close()
    environment = {
        "SHOP_EVIDENCE": f"sqlite:///{folder / 'evidence.db'}",
        "SHOP_DATABASE": str(folder / "shop.db"),
        **TESTED[host][1],
    }
    if "django" in host:
        (folder / "shop.db").write_bytes(people())
    return environment


@cache
def people() -> bytes:
    """A database of Django's with somebody who may sign in, made once."""
    with TemporaryDirectory() as folder:
        database = Path(folder) / "shop.db"
        told = {"SHOP_EVIDENCE": "sqlite://", "SHOP_DATABASE": str(database), "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", MAKE_USER], env={**os.environ, **told}, cwd=ROOT, check=True)
        return database.read_bytes()


def fire(server: Server, headers: Mapping[str, str] = HOOK, mount: str = "/parapet") -> tuple[HTTPResponse, str]:
    """Hand one alert in."""
    from parapet.core.clock import SystemClock

    one = alert(LABELS, starts_at=SystemClock().now(), annotations={"title": "Checkout fails <script>"})
    return Person(server).ask("POST", f"{mount}/hooks/alertmanager", alertmanager_payload(one), headers)


def test_an_alert_comes_in_and_a_signed_in_person_works_on_it(front: Server, host: str) -> None:
    """Hook, login, page, form, stream and API behind one mount and a proxy's prefix, of which nobody wrote down the
    one or the other; strangers, other sites and wrong tokens stay outside."""
    stranger, place = Person(front), f"{PREFIX}{PLACE}/incidents/1"
    assert stranger.ask("GET", place, headers={"accept": "*/*"})[0].status == 401, "a script is led nowhere"
    answer, _ = stranger.ask("GET", place)
    sign_in = urljoin(place, answer.getheader("location") or "")
    to = "/oauth2/start?rd=" if "proxied" in host else f"{PREFIX}/login?next="
    assert (answer.status, sign_in) == (303, to + quote(place, safe=""))
    answer, text = stranger.ask("GET", place)
    assert (answer.status, "You are not let in." in text) == (401, True), "who comes back as nobody is told"
    assert html.unescape(urljoin(place, re.findall(r'href="([^"]*)">Sign in<', text)[0])) == sign_in
    assert fire(front, {"content-type": "application/json"}, PLACE)[0].status == 401
    handed, said = fire(front, mount=PLACE)
    assert (handed.status, json.loads(said)["incidents"]) == (200, [1])

    ana = Person(front)
    LOGINS[host.partition("-")[2]](ana, sign_in)
    answer, page = ana.ask("GET", place)
    assert answer.status == 200, page
    assert "Checkout fails &lt;script&gt;" in page
    assert "default-src 'none'" in (answer.getheader("content-security-policy") or "")
    assert answer.getheader("x-frame-options") == "DENY"
    assert not re.findall(r'(?:href|src|action)="/', page), "an address would not hold behind a proxy's prefix"
    style = re.search(r'rel="stylesheet" href="../([^"]+)"', page)
    assert style
    assert stranger.ask("GET", f"{PLACE}/{html.unescape(style[1])}")[0].status == 200
    links = {html.unescape(urljoin(place, to)) for to in re.findall(r'<a[^>]* href="([^":#]+)["#]', page)}
    assert len(links) > 5
    assert {link: status for link in links if (status := ana.ask("GET", link)[0].status) != 200} == {}

    form = re.search(r'<form[^>]*action="[^"]*/acknowledge"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[1]))
    fields["reason"] = "Looking at it"
    path = f"{PLACE}/incidents/1/acknowledge"
    assert ana.send(path, fields, origin="https://evil.example")[0].status == 403
    answer, kept = stranger.send(path, fields)
    assert (answer.status, "Looking at it" in kept) == (401, True), "what was typed is not lost with the session"
    assert ana.send(path, {**fields, "reason": "x" * 70_000})[0].status == 413
    done, _ = ana.send(path, fields)
    assert (done.status, done.getheader("location")) == (303, "../1?done=acknowledged")
    assert "Ana" in ana.ask("GET", place)[1].replace("ana", "Ana")
    chosen, _ = ana.send(f"{PLACE}/zone", {"zone": "Asia/Tokyo", "token": fields["token"]})
    assert chosen.status == 303
    cookies = [one for one in chosen.headers.get_all("set-cookie", []) if one.startswith("parapet-")]
    assert len(cookies) == 1
    assert "path=" not in cookies[0].lower(), "a browser keeps it below the page, whatever the prefix"
    assert "All times Asia/Tokyo" in ana.ask("GET", place)[1]

    events = {
        **ana.headers,
        "accept": "text/event-stream",
        "cookie": "; ".join(f"{n}={v}" for n, v in ana.cookies.items()),
    }
    with closing(HTTPConnection("127.0.0.1", front.port, timeout=60)) as connection:
        connection.request("GET", f"{PREFIX}{PLACE}/live", headers=events)
        live = connection.getresponse()
        assert live.status == 200
        streams = live.getheader("content-type") == "text/event-stream"
        assert streams == host.startswith("uvicorn"), "a stream where the host can, one answer elsewhere"
        assert live.readline().startswith(b"event: revision" if streams else b'{"revision"')

    listed, said = Person(front).ask("GET", f"{PLACE}/api/incidents", headers=API)
    assert listed.status == 200, said
    assert Person(front).ask("GET", f"{PLACE}/api/incidents", headers=HOOK)[0].status == 401


def test_the_mount_and_its_edges(server: Server) -> None:
    """Its bare address leads in; HEAD has no body; what is no alert is told so."""
    person = Person(server)
    bare, _ = person.ask("GET", PLACE)
    assert bare.status in {301, 307}
    assert (bare.getheader("location") or "").endswith(f"{PLACE[1:]}/")
    head, nothing = person.ask("HEAD", f"{PLACE}/static/icon.svg")
    assert (head.status, nothing) == (200, "")
    assert person.ask("BREW", f"{PLACE}/incidents")[0].status in {400, 405}
    assert person.ask("POST", f"{PLACE}/hooks/alertmanager", b"no alert", HOOK)[0].status == 422
    assert person.ask("GET", "/metrics")[0].status == 200


def test_pages_answer_while_every_thread_of_the_host_is_stuck(
    start: Start, tmp_path: Path, at_once: Callable[[int, Callable[[int], None]], None]
) -> None:
    """Starlette gives its sync endpoints 40 threads. An incident tool that queues behind the incident is no tool."""
    store = Store(f"sqlite:///{tmp_path / 'evidence.db'}")
    migrate.upgrade(store.engine)
    store.close()
    environment = {"SHOP_EVIDENCE": f"sqlite:///{tmp_path / 'evidence.db'}"}
    server = start(TESTED["uvicorn-proxied"][0], environment=environment)
    stuck = threading.Thread(target=at_once, args=(45, lambda _: server.ask("GET", "/stuck")))
    stuck.start()
    ana = Person(server, {"x-forwarded-user": "ana@shop.example"})
    try:
        wait_until(lambda: len(list(Path(f"/proc/{server.process.pid}/task").iterdir())) >= 40, server.said)
        assert ana.ask("GET", "/parapet/incidents")[0].status == 200
        assert fire(server)[0].status == 200
        assert "Checkout fails" in ana.ask("GET", "/parapet/incidents/1")[1]
    finally:
        assert ana.ask("GET", "/release")[0].status == 200
        stuck.join(60)
    server.end()


@pytest.mark.parametrize("host", ["gunicorn-flask-login", "gunicorn-django"])
def test_a_door_of_its_own_answers_while_every_worker_of_the_host_is_stuck(
    host: str, start: Start, tmp_path: Path
) -> None:
    """As docs/hosts.md has it: a second server of the same application. Who signed in to the first is known there."""
    command, environment = TESTED[host][0], prepared(host, tmp_path)
    users = start(command, environment=environment)
    door = start(command.replace("--threads 4", "--threads 16"), environment=environment)
    ana = Person(users)
    LOGINS[host.partition("-")[2]](ana)
    stuck = [socket.create_connection(("127.0.0.1", users.port), timeout=60) for _ in range(4)]
    try:
        for each in stuck:  # a body that does not come holds a thread of the server for as long as the client likes
            head = "POST /login HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000\r\n"
            each.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nname=".encode())
        with closing(HTTPConnection("127.0.0.1", users.port, timeout=1)) as waits:
            waits.request("GET", "/parapet/static/icon.svg")
            with pytest.raises(TimeoutError):
                waits.getresponse()
        ana.server = door
        assert fire(door)[0].status == 200
        page = ana.ask("GET", "/parapet/incidents/1")[1]
        assert "Checkout fails" in page
        form = re.search(r'<form[^>]*action="[^"]*/acknowledge"[^>]*>(.*?)</form>', page, re.DOTALL)
        assert form
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[1]))
        assert ana.send("/parapet/incidents/1/acknowledge", {**fields, "reason": "All is stuck"})[0].status == 303
    finally:
        for each in stuck:
            each.close()
    ana.server = users
    assert "All is stuck" in ana.ask("GET", "/parapet/incidents/1?entries=people")[1]
    users.end()
    door.end()


def test_a_header_that_no_proxy_sent_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worked example believes its proxy, and only it."""
    monkeypatch.setenv("SHOP_EVIDENCE", "sqlite://")
    from examples.hosts.proxied_shop import who

    from parapet.web import Request

    headers = {"x-forwarded-user": "ana@shop.example"}
    assert who(Request(method="GET", path="/", headers=headers, client="203.0.113.9")) is None
    assert who(Request(method="GET", path="/", headers={}, client="127.0.0.1")) is None
    known = who(Request(method="GET", path="/", headers=headers, client="127.0.0.1"))
    assert known is not None


def test_the_page_shows_what_runs() -> None:
    """Every function that docs/hosts.md shows stands word for word in one of the hosts above."""
    shown = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "hosts.md").read_text(), re.DOTALL)
    hosts = [path.read_text() for path in (ROOT / "examples" / "hosts").glob("*.py")]
    assert len(shown) == 4
    for code in shown:
        assert any(code in host for host in hosts), code
