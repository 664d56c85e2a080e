"""Flask: requests by the rule that Flask matched. `instrument(app, parapet)` is all a host calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from weakref import WeakKeyDictionary

try:
    from flask import Flask
    from werkzeug.exceptions import HTTPException, MethodNotAllowed
    from werkzeug.wsgi import ClosingIterator
except ImportError as error:
    raise ImportError("Flask is not installed. Install it, or do not import parapet.integrations.flask.") from error

from parapet.core import vocabulary
from parapet.signals import wsgi
from parapet.signals.recorder import Recorder
from parapet.signals.templates import template_of
from parapet.signals.wsgi import Environ

_instrumented: WeakKeyDictionary[Flask, Recorder] = WeakKeyDictionary()


class Host(Protocol):
    """What this needs of a Parapet."""

    @property
    def recorder(self) -> Recorder:
        """Where requests are counted."""
        ...


def instrument(app: Flask, parapet: Host) -> None:
    """Count every request of *app* by rule, method and status class. Doing it again changes nothing.

    Templates are written `/orders/{order}` whatever the converter; blueprints' prefixes are part of them, the path
    under which the application itself is mounted is not. Call it after the application's own `app.wsgi_app = ...`
    lines, so that what those middlewares answer is counted too.
    """
    if _instrumented.get(app) is parapet.recorder:
        return
    _instrumented[app] = parapet.recorder
    routing = _Rules(app)
    app.wsgi_app = wsgi.instrument(  # type: ignore[method-assign, assignment]
        app.wsgi_app,
        parapet.recorder,
        routing=routing,
    )


def recorder_of(app: object) -> Recorder | None:
    """Who counts the requests of *app*; None: nobody."""
    return _instrumented.get(app) if isinstance(app, Flask) else None


class _Rules:
    """The URL map of an application. What its rule is written as is the anchor of a request."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @staticmethod
    def anchor(environ: Environ) -> str:
        try:
            return environ["werkzeug.request"].url_rule.rule  # type: ignore[attr-defined, no-any-return]
        except (LookupError, AttributeError, TypeError, ValueError, RuntimeError):
            return vocabulary.UNMATCHED

    def template(self, environ: Environ, anchor: str, status: int) -> tuple[str | None, bool]:
        """The template of a rule; without a rule, of the one that the path leads to."""
        if anchor != vocabulary.UNMATCHED:
            return template_of(anchor), True
        if status == 404:  # the commonest answer to what no rule matched; a host that floods us pays no second search
            return None, True
        adapter = self._app.url_map.bind_to_environ(environ)
        try:
            rule, _ = adapter.match(return_rule=True)
        except MethodNotAllowed as refused:
            rule, _ = adapter.match(method=next(iter(refused.valid_methods or ())), return_rule=True)
        except HTTPException:
            return None, False
        return template_of(rule.rule), False

    @staticmethod
    def whole(body: object) -> bool:
        """Most answers are text, which Werkzeug keeps in a list behind an iterator that closes it. Where it keeps it
        elsewhere one day, the body is followed to its end like any stream."""
        if type(body) is not ClosingIterator:
            return False
        try:
            return type(body._callbacks[-1].__self__.response) is list  # type: ignore[attr-defined]
        except (LookupError, AttributeError, TypeError, ValueError, RuntimeError):
            return False

    def served(self) -> Iterator[tuple[str, str]]:
        """Every rule with the methods that were asked for; Flask adds HEAD and OPTIONS to them."""
        for rule in self._app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & set(vocabulary.METHODS)):
                asked = method not in {"HEAD", "OPTIONS"} or rule.methods == {method}
                if asked and not rule.build_only and not rule.websocket:
                    yield method, template_of(rule.rule)
