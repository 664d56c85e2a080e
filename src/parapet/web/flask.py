"""The workbench and /metrics in Flask: a blueprint and a view. A request holds one of the host's threads.

Where the server lets many wait (gunicorn with threads), pages and hooks hold a bounded number of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

try:
    from flask import Blueprint, current_app, url_for
    from flask import Request as FlaskRequest
    from flask import Response as FlaskResponse
    from flask import request as current
    from flask.blueprints import BlueprintSetupState
    from werkzeug.exceptions import ClientDisconnected
except ImportError as error:
    raise ImportError("Flask is not installed. Install it, or do not import parapet.web.flask.") from error

from parapet.signals.gate import Gate
from parapet.web import security, zones
from parapet.web.blocking import Blocking
from parapet.web.exposition import expose
from parapet.web.looks import OURS, Looks
from parapet.web.mount import site_of
from parapet.web.principal import Authenticate, Authorize
from parapet.web.reads import App, Measured
from parapet.web.request import Request
from parapet.web.response import Response
from parapet.web.views.links import Link

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PART_BYTES = 64 * 1024


def workbench(
    parapet: App,
    *,
    authenticate: Authenticate,
    authorize: Authorize | None = None,
    links: Sequence[Link] = (),
    login_url: str | None = None,
    read_only: bool = False,
    looks: Looks = OURS,
    zone: str = zones.HOME,
    name: str = "parapet",
) -> Blueprint:
    """The workbench of *parapet*: `app.register_blueprint(workbench(...), url_prefix="/parapet")`.

    Args:
        authenticate: who sent this request, or None. Called within Flask's request, so `flask_login.current_user` and
            `flask.session` work in it; `request.native` is the Flask request.
        authorize: a further say, after the role: it can only take away.
        links: other places to look, shown on every incident, filtered to its window.
        login_url: where strangers are sent; without it, where Flask-Login sends them (`login_view`), if the host has
            it; an empty one, or neither: they get a page with status 401. A relative one, such as
            `../login`, is seen from the mount, and holds behind any prefix of a proxy. Where they came from goes there
            as `next`, or in the place of `{back}`.
        read_only: nobody may write.
        looks: the host's own name, logo, colours and templates.
        zone: in which times are shown to people who chose none and whose principal has none.
        name: of the blueprint.

    Raises:
        ConfigurationError: `authenticate` is missing, or the service has no `form_key` to sign its forms with.
    """
    blocking = Blocking(
        site_of(
            parapet,
            authenticate=authenticate,
            authorize=authorize,
            links=links,
            login_url=login_url,
            own_login=_own_login,
            read_only=read_only,
            looks=looks,
            zone=zone,
        )
    )

    def below(path: str = "") -> FlaskResponse:
        request = _request(current, "/" + path)
        return _response(blocking.answer(request, _reader(current)), request.method)

    def mount() -> FlaskResponse:  # without its slash: relative addresses need one
        last = current.path.rsplit("/", 1)[-1]
        return _response(Response(status=307, headers={"location": f"./{last}/"}), current.method)

    def bare(state: BlueprintSetupState) -> None:
        if state.url_prefix:
            state.app.add_url_rule(
                state.url_prefix.rstrip("/"),
                f"{name}_mount",
                mount,
                methods=METHODS,
                provide_automatic_options=False,
            )

    blueprint = Blueprint(name, __name__)
    blueprint.record(bare)
    for rule in ("/", "/<path:path>"):
        blueprint.add_url_rule(rule, "below", below, methods=METHODS, provide_automatic_options=False)
    return blueprint


def metrics(parapet: Measured, *, allow_networks: Iterable[str] = ()) -> Callable[[], FlaskResponse]:
    """The signals of *parapet* for Prometheus: `app.add_url_rule("/metrics", view_func=metrics(parapet))`.

    Behind `Secrets.metrics_tokens`; with neither a token nor a network it answers 403 and says how to configure one.

    Args:
        allow_networks: whose peers need no token, such as `10.0.0.0/8`. Behind a proxy that the server does not know
            as one, everybody comes from the proxy's address: leave that out.

    Raises:
        ConfigurationError: one of them is no network.
    """
    gate = Gate.of(allow_networks)

    def metrics() -> FlaskResponse:
        return _response(expose(parapet, gate, _request(current, "/")), current.method)

    return metrics


def _own_login(_: Request) -> str | None:
    """Where Flask-Login sends whoever is not signed in; None: the host does not have it, or has not said."""
    view: str | None = getattr(getattr(current_app, "login_manager", None), "login_view", None)
    return view if not view or view.startswith(("/", "http://", "https://")) else url_for(view)


def _request(native: FlaskRequest, path: str) -> Request:
    whole = native.root_path + native.path
    return Request(
        method=native.method,
        path=path,
        root=whole[: -len(path)] if whole.endswith(path) else whole,
        query_string=native.query_string.decode("latin-1"),
        headers={name.lower(): value for name, value in native.headers.items()},
        cookies=native.cookies,
        client=native.remote_addr,
        native=native,
    )


def _reader(native: FlaskRequest) -> Callable[[int], bytes | None]:
    def read(most_bytes: int) -> bytes | None:
        parts, size = [], 0
        try:
            while size < most_bytes and (part := native.stream.read(min(PART_BYTES, most_bytes - size))):
                parts.append(part)
                size += len(part)
        except (ClientDisconnected, OSError):
            return None
        return b"".join(parts)

    return read


def _response(response: Response, method: str) -> FlaskResponse:
    whole = response.with_headers({**security.HEADERS, "content-length": str(len(response.body))})
    answer = FlaskResponse(b"" if method == "HEAD" else whole.body, status=whole.status)
    answer.headers.remove("content-type")
    for name, value in whole.headers.items():
        answer.headers[name] = value
    answer.autocorrect_location_header = False
    return answer
