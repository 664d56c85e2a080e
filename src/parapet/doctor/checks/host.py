"""The application: whether requests are counted, and whether strangers stay out."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check, skipped
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.doctor.gathered.host import Host, NoHost
from parapet.doctor.gathered.modules import called

WIDEST_PREFIX = 8
"""Bits of a network; with fewer, it is most of the internet."""
HOW = "Say which application it is: parapet doctor --app {app} --host module:object"


@check(
    "PD600",
    Grade.WARN,
    "The application was not looked at",
    why="Whether requests are counted and strangers stay out is then only guessed from the sources.",
    fix=HOW,
)
def not_looked(facts: Facts) -> Iterator[Found]:
    """Nobody said which it is, or it could not be loaded."""
    host = facts.host
    if isinstance(host, NoHost):
        yield Found(what=f"{host.why}.") if host.known else skipped(f"Of applications, {host.why}.")


@check(
    "PD601",
    Grade.ERROR,
    "Requests are not counted",
    why="Every promise about pages and routes is without data.",
    fix="app.add_middleware(parapet.middleware). Flask: instrument(app, parapet) of parapet.integrations.flask. "
    "Django: 'parapet.integrations.django.middleware' first in MIDDLEWARE.",
)
def no_middleware(facts: Facts) -> Iterator[Found]:
    """No middleware of ours around the application, or none in its sources."""
    host = facts.host
    if isinstance(host, Host):
        if not any(layer.ours for layer in host.layers):
            yield Found(what=f"{host.spec} has {len(host.layers)} middlewares, none of them Parapet's.")
        return
    spoken = (
        "parapet.middleware",
        "parapet.wsgi",
        "integrations.django.middleware",
        "integrations.flask",
        "instrument(",
    )
    web = [
        module
        for module in facts.modules
        if any(word in module.file.text for word in ("FastAPI(", "Starlette(", "Flask("))
    ]
    if web and not any(word in file.text for file in facts.files for word in (*spoken, ".middleware)")):
        yield Found(what=f"No source speaks of Parapet's middleware; {web[0].file.path} makes an application.")


@check(
    "PD602",
    Grade.WARN,
    "Parapet's middleware is not the outermost one",
    why="What an outer middleware answers itself, a refusal or an error, is never counted.",
    fix="Add it last in Starlette and FastAPI (what is added last is outermost); first in Django's MIDDLEWARE.",
)
def not_outermost(facts: Facts) -> Iterator[Found]:
    """Something stands around it."""
    layers = getattr(facts.host, "layers", ())
    at = next((number for number, layer in enumerate(layers) if layer.ours), 0)
    if at:
        yield Found(what=f"{at} other middlewares stand around it.")


@check(
    "PD603",
    Grade.ERROR,
    "Requests are counted twice",
    why="Every rate is doubled, and half of the failures look like twice as many.",
    fix="Add the middleware once.",
)
def counted_twice(facts: Facts) -> Iterator[Found]:
    """More than one middleware of ours."""
    ours = sum(layer.ours for layer in getattr(facts.host, "layers", ()))
    if ours > 1:
        yield Found(what=f"Parapet's middleware stands {ours} times around the application.")


@check(
    "PD604",
    Grade.ERROR,
    "The application uses another Parapet than the one that was named",
    why="What is counted there is promised elsewhere: all signals look idle.",
    fix="Import the one object everywhere, by the same name of its module.",
)
def another_parapet(facts: Facts) -> Iterator[Found]:
    """Two objects, or one module under two names."""
    host = facts.host
    if isinstance(host, Host):
        if any(layer.ours and layer.parapet not in (None, facts.app) for layer in host.layers):
            yield Found(what="The middleware belongs to another Parapet.")
        for door in host.doors:
            if door.parapet is not facts.app:
                yield Found(what=f"What is mounted at {door.path} belongs to another Parapet.")


@check(
    "PD605",
    Grade.ERROR,
    "/metrics is open to strangers",
    why="Routes, volumes and failures of your business are public.",
    fix="metrics(parapet) with Secrets(metrics_tokens=...), or behind allow_networks of your own.",
)
def open_metrics(facts: Facts) -> Iterator[Found]:
    """Asked without a token, from elsewhere."""
    answer = facts.answers.get("metrics")
    if answer is not None and answer.opened:
        yield Found(what=f"GET {answer.path} without a token answers {answer.status}.")


@check(
    "PD606",
    Grade.ERROR,
    "The workbench is open to strangers",
    why="Anybody reads incidents, and may act on them.",
    fix="authenticate= must return None for whoever is not signed in.",
)
def open_workbench(facts: Facts) -> Iterator[Found]:
    """Asked without a session."""
    answer = facts.answers.get("workbench")
    if answer is not None and answer.opened and answer.ours:
        yield Found(what=f"GET {answer.path} without a session answers {answer.status}.")


@check(
    "PD607",
    Grade.ERROR,
    "The webhook takes alerts from strangers",
    why="Anybody can open incidents, and wake people.",
    fix="Let nothing before Parapet add an Authorization header of its own.",
)
def open_webhook(facts: Facts) -> Iterator[Found]:
    """Asked without a token: anything but a refusal."""
    answer = facts.answers.get("webhook")
    if answer is not None and answer.ours and answer.status not in {401, 403, 404, 405}:
        yield Found(what=f"POST {answer.path} without a token answers {answer.status}.")


@check(
    "PD608",
    Grade.ERROR,
    "Something stands before the webhook",
    why="Alertmanager has no session and no form token: its alerts never arrive.",
    fix="Let the webhook's path past the login and the CSRF check; it has a token of its own.",
)
def login_before_webhook(facts: Facts) -> Iterator[Found]:
    """A login or a CSRF check answers instead of Parapet."""
    answer = facts.answers.get("webhook")
    if answer is not None and not answer.ours and (300 <= answer.status < 400 or answer.status in {401, 403}):
        yield Found(what=f"POST {answer.path} answers {answer.status} {answer.location}".rstrip() + ", not Parapet.")


@check(
    "PD609",
    Grade.WARN,
    "The workbench is not mounted",
    why="Alerts have no door to come in by, and people no page.",
    fix='app.mount("/parapet", workbench(parapet, authenticate=...))',
)
def no_workbench(facts: Facts) -> Iterator[Found]:
    """There is evidence, and nothing of ours answers."""
    host = facts.host
    if facts.app.secrets.form_key is None:
        return  # without it there is none to mount, which is said elsewhere
    if facts.app.evidence is not None and isinstance(host, Host) and not host.door("workbench"):
        answer = facts.answers.get("webhook")
        if answer is not None and answer.status == 404 and not answer.ours:
            yield Found(what=f"{host.spec} answers 404 at {answer.path}.")


@check(
    "PD610",
    Grade.ERROR,
    "Nobody can read the signals",
    why="Without /metrics, Prometheus has nothing to judge.",
    fix='app.routes.append(Route("/metrics", metrics(parapet))), or serve_metrics on a port of its own.',
)
def no_metrics(facts: Facts) -> Iterator[Found]:
    """Neither mounted nor on a port of its own."""
    host = facts.host
    if not isinstance(host, Host) or host.door("metrics") or facts.app.wiring.port_targets:
        return
    answer = facts.answers.get("metrics")
    serves = any(called(call) == "serve_metrics" for module in facts.modules for call in module.calls())
    if answer is not None and answer.status == 404 and not serves:
        yield Found(what=f"{host.spec} answers 404 at {answer.path}.")


@check(
    "PD611",
    Grade.ERROR,
    "/metrics lets in most of the internet",
    why="Routes, volumes and failures of your business are public.",
    fix="metrics(parapet, allow_networks=('10.0.0.0/8',))",
)
def wide_networks(facts: Facts) -> Iterator[Found]:
    """A network of a few bits."""
    door = getattr(facts.host, "door", lambda kind: None)("metrics")
    for network in door.gate.networks if door is not None and door.gate is not None else ():
        if network.prefixlen < WIDEST_PREFIX:
            yield Found(what=f"{network} is let in.")


@check(
    "PD612",
    Grade.WARN,
    "An application cannot be asked",
    why="Whether strangers stay out is then unknown.",
    fix="Make the application answer before it was started, or look with --live.",
)
def silent(facts: Facts) -> Iterator[Found]:
    """It broke before it answered."""
    if isinstance(facts.host, Host) and all(one.status >= 500 and not one.ours for one in facts.answers.values()):
        yield skipped(f"{facts.host.spec} broke when it was asked without having been started.")
