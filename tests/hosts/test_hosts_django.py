"""What only Django does: routes in every way it can write them, languages, files, sync and async alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from tests.forked import Forks
from tests.hosts.conftest import ROOT, Server, Start
from tests.hosts.test_hosts_servers import DJANGO, GUNICORN, UVICORN

Says: TypeAlias = Callable[[str], str]
SERVERS = {
    "wsgi": GUNICORN + f" --threads 4 {DJANGO}.wsgi:application",
    "asgi": UVICORN + f" --lifespan off {DJANGO}.asgi:application",
}


@pytest.fixture(params=SERVERS, ids=str, scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def server(kind: str, start: Start) -> Iterator[Server]:
    running = start(SERVERS[kind])
    yield running
    running.end()


def test_routes_are_templates_however_they_are_written(server: Server) -> None:
    """Regular expressions, includes, languages and redirects; what never reached a route is told by its path."""
    for path, status in [
        ("/old/2026/tea.html", 200),
        ("/old/2025/pots.html", 200),
        ("/regex/some-name/", 200),
        ("/about/us", 302),
        ("/en/about/us", 200),
        ("/de/about/uns", 200),
        ("/pt-br/about/nos", 200),
        ("/slash/7", 301),
        ("/slash/7/", 200),
        ("/closed/7", 503),
        ("/orders/no-number", 404),
    ]:
        assert server.ask("GET", path)[0] == status, path
    assert server.ask("POST", "/orders/1")[0] == 405
    assert server.ask("OPTIONS", "/orders/1")[0] == 200
    assert server.ask("HEAD", "/orders/1")[0] == 200
    assert server.ask("GET", "/checkout/full")[0] == 405
    server.settles_at(
        {
            ("GET", "/old/{year}/{_0}.html", "2xx"): 2,
            ("GET", "/regex/{name}/", "2xx"): 1,
            ("GET", "/{language}/about/{page}", "2xx"): 3,
            ("GET", "unmatched", "3xx"): 2,
            ("GET", "/slash/{order}/", "2xx"): 1,
            ("GET", "/closed/{order}", "5xx"): 1,
            ("GET", "unmatched", "4xx"): 1,
            ("POST", "/orders/{order}", "4xx"): 1,
            ("OPTIONS", "/orders/{order}", "2xx"): 1,
            ("HEAD", "/orders/{order}", "2xx"): 1,
            ("GET", "/checkout/{cart}", "4xx"): 1,
        }
    )


def test_a_journey_at_a_function_view_is_not_reported_as_missing(server: Server) -> None:
    """A function takes whatever method it likes, so nobody can say that POST is not served there."""
    assert server.ask("POST", "/checkout/full", body=b"tea")[0] == 201
    server.settles_at({("POST", "/checkout/{cart}", "2xx"): 1})
    assert "which is not served here" not in server.said()


def test_a_file_arrives_whole_and_is_counted_when_it_is_sent(server: Server) -> None:
    """Django hands files to the server, which may send them itself."""
    status, body = server.ask("GET", "/file")
    assert (status, body) == (200, (ROOT / "tests/hosts/apps/django_site/views.py").read_bytes())
    server.settles_at({("GET", "/file", "2xx"): 1})


def test_a_sync_view_in_an_async_server_and_the_other_way_round(server: Server, kind: str) -> None:
    """The middleware takes part in both chains; streams of either sort count to their end."""
    if kind == "asgi":
        assert len(server.ask("GET", "/astream")[1]) == 3_000
        server.settles_at({("GET", "/astream", "2xx"): 1})
        assert server.seconds("GET", "/astream", "2xx") > 0.06
    else:
        assert len(server.ask("GET", "/stream")[1]) == 3_000
        server.settles_at({("GET", "/stream", "2xx"): 1})
        assert server.seconds("GET", "/stream", "2xx") > 0.06


def test_a_client_that_leaves_a_waiting_view_is_a_disconnection(server: Server, kind: str) -> None:
    """Django cancels the view, where the server tells it that nobody waits any more."""
    if kind == "wsgi":
        return  # a WSGI server notices only when it writes
    server.leave("/slow", after=b"")
    server.settles_at({("GET", "/slow", "disconnected"): 1})


def test_a_client_that_leaves_while_it_sends_is_a_disconnection(server: Server, kind: str) -> None:
    """Over ASGI, Django gives up before any middleware is asked; the route is found all the same, and nothing twice."""
    if kind == "wsgi":
        return  # a WSGI server gives the view what came, and an answer is made
    for _ in range(3):
        server.leave_sending("/checkout/full")
    server.leave_sending("/nowhere/at/all")
    assert server.ask("POST", "/checkout/full", body=b"tea")[0] == 201
    server.settles_at(
        {
            ("POST", "/checkout/{cart}", "disconnected"): 3,
            ("POST", "unmatched", "disconnected"): 1,
            ("POST", "/checkout/{cart}", "2xx"): 1,
        }
    )


@pytest.fixture
def django_says(forks: Forks) -> Says:
    """What a process of its own prints, in which the shop's settings are in force, and a warning is an error."""
    preamble = (
        "import os, warnings\nwarnings.simplefilter('error')\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.hosts.apps.django_site.settings'\n"
        "import logging, django\nfrom django.conf import settings\nfrom django.test import Client\ndjango.setup()\n"
        "from tests.hosts.apps.reliability import parapet\n"
        "def counts():\n"
        "    series = parapet.recorder.http.snapshot().series\n"
        "    return {labels: int(sum(cells[:-1])) for labels, cells in series.items() if sum(cells[:-1])}\n"
        "client = Client(raise_request_exception=False)\n"
    )

    def says(code: str) -> str:
        ran = forks.run("-c", preamble + code, cwd=ROOT, env=os.environ)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    return says


@pytest.mark.parametrize(
    "damage",
    [
        "import parapet.integrations.django_routes as routes\nroutes.leaves = lambda *a: 1 // 0",
        "import parapet.integrations.django as door\ndoor.Templates.of = lambda *a: 1 // 0",
        "parapet.recorder.admission.labels = lambda *a: 1 // 0",
        "parapet.recorder.http.cells = lambda *a: 1 // 0",
        "parapet.recorder.declare_routes = lambda *a: 1 // 0",
        "import parapet.integrations.django as door\ndoor.watch = lambda *a: 1 // 0",
    ],
)
def test_whatever_breaks_in_counting_changes_no_answer(django_says: Says, damage: str) -> None:
    """Broken on purpose, one piece after the other."""
    said = django_says(
        "logging.disable(logging.CRITICAL)\n" + damage + "\n"
        "print([client.get('/orders/1').status_code, client.get('/nowhere').status_code, "
        "b''.join(client.get('/stream').streaming_content).count(b'x'), client.get('/boom').status_code])\n"
    )
    assert said == "[200, 404, 3000, 500]"


def test_an_exception_that_django_lets_through_is_counted_once(django_says: Says) -> None:
    """With DEBUG_PROPAGATE_EXCEPTIONS there is no answer: it is a failure all the same, and it passes."""
    said = django_says(
        "logging.disable(logging.CRITICAL)\nsettings.DEBUG_PROPAGATE_EXCEPTIONS = True\n"
        "try:\n    Client().get('/boom')\nexcept RuntimeError as error:\n    print(error, counts())\n"
    )
    assert said == "broken {('GET', '/boom', '5xx'): 1}"


def test_made_up_methods_and_a_hundred_languages_do_not_grow(django_says: Says) -> None:
    """Hostile clients get what they ask for; the series stay a handful."""
    said = django_says(
        "from django.test import RequestFactory\nlogging.disable(logging.CRITICAL)\n"
        "for index in range(500):\n"
        "    client.generic(f'M{index}', '/orders/1', headers={'host': f'h{index}.example'})\n"
        "    client.get(f'/nowhere/{index}', headers={'accept-language': f'x-{index}'})\n"
        "    client.get(f'/old/{2000 + index}/a{index}.html')\n"
        "print(counts())\n"
    )
    assert eval(said) == {
        ("other", "/orders/{order}", "4xx"): 500,
        ("GET", "unmatched", "4xx"): 500,
        ("GET", "/old/{year}/{_0}.html", "2xx"): 500,
    }


@pytest.mark.parametrize("told", [None, "nowhere.at.all", "os.path", 7])
def test_a_wrong_setting_is_refused_when_the_server_starts(django_says: Says, told: object) -> None:
    """And says what it should be."""
    said = django_says(
        f"settings.PARAPET = {told!r}\nfrom django.core.exceptions import ImproperlyConfigured\n"
        "from django.core.handlers.wsgi import WSGIHandler\n"
        "try:\n    WSGIHandler()\nexcept ImproperlyConfigured as error:\n    print(error)\n"
    )
    assert "settings.PARAPET is" in said


def test_class_based_views_and_view_sets_declare_their_methods(django_says: Says) -> None:
    """Django's own views and those of Django REST framework say which methods they take."""
    said = django_says(
        "settings.INSTALLED_APPS = ['rest_framework']\n"
        "from django.views import View\nfrom rest_framework.views import APIView\n"
        "from rest_framework.viewsets import ViewSet\n"
        "from parapet.integrations.django_routes import methods_of\n"
        "class One(View):\n    def get(self, request): ...\n    def put(self, request): ...\n"
        "class Two(APIView):\n    def post(self, request): ...\n"
        "class Three(ViewSet):\n    def list(self, request): ...\n    def create(self, request): ...\n"
        "print([methods_of(view) for view in (One.as_view(), Two.as_view(), "
        "Three.as_view({'get': 'list', 'post': 'create'}), len)])\n"
    )
    assert eval(said) == [("GET", "PUT"), ("POST",), ("GET", "POST"), ()]


def test_what_a_view_raises_is_the_outcome_of_its_journey(django_says: Says) -> None:
    """What Django and its REST framework turn into a 4xx is the user's mistake; the rest is ours."""
    said = django_says(
        "from django.core.exceptions import BadRequest, DisallowedHost, ObjectDoesNotExist, PermissionDenied\n"
        "from django.http import Http404\nfrom rest_framework.exceptions import APIException, NotFound\n"
        "from parapet.signals.journey import outcome_of\n"
        "print([outcome_of(error).value for error in (Http404(), PermissionDenied(), BadRequest(), DisallowedHost(), "
        "NotFound(), APIException(), ObjectDoesNotExist())])\n"
    )
    assert eval(said) == ["user_error"] * 5 + ["failure"] * 2
