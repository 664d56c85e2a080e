"""The templates of Django's routes: `/orders/{order}/`, whatever a route is written in. Matches nothing again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.exceptions import Resolver404
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern
from django.utils.regex_helper import normalize
from django.utils.translation import get_language, override

from parapet.core import vocabulary
from parapet.signals.templates import template_of

if TYPE_CHECKING:
    from django.http import HttpRequest

MOST_ROUTES = 10_000
LANGUAGE = "{language}/"

_ARGUMENT = re.compile(r"%\((\w+)\)s")


class Templates:
    """From the route of a match, as Django puts it together, to its template."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._learned: set[tuple[object, str | None]] = set()

    def of(self, request: HttpRequest, status: int) -> tuple[str | None, str | None]:
        """The template of an answered request, and the route to remember it by; None for none."""
        urlconf: str | None = getattr(request, "urlconf", None)
        match = request.resolver_match
        if match is not None:
            return self._template(match.route, urlconf), match.route
        if (
            status == 404
        ):  # the commonest answer to what no route matched; a client that floods us pays no second search
            return None, None
        try:  # something answered before the routes were asked
            return self._template(resolve(request.path_info, urlconf).route, urlconf), None
        except Resolver404:
            return None, None

    def served(self) -> tuple[set[tuple[str, str]], set[str]]:
        """Every (method, template) that the views declare; and the templates whose views declare no methods."""
        declared: set[tuple[str, str]] = set()
        anything: set[str] = set()
        for _, template, view in leaves(get_resolver().url_patterns):
            methods = methods_of(view)
            declared |= {(method, template) for method in methods or ("GET",)}
            if not methods:
                anything.add(template)
        return declared, anything

    def _template(self, route: str, urlconf: str | None) -> str:
        found = self._known.get(route)
        if found is None:
            self._learn(urlconf)
            found = self._known.get(route)
        if found is None:  # made by something that the map does not show
            found = self._known[route] = "/" + template_of(route)
        return found

    def _learn(self, urlconf: str | None) -> None:
        """Read a URL map, once for each language, because routes may be translated."""
        seen = (urlconf, get_language())
        if seen in self._learned:
            return
        if len(self._known) >= MOST_ROUTES:
            self._known.clear()
            self._learned.clear()
        self._learned.add(seen)
        patterns = get_resolver(urlconf).url_patterns
        routes = [route for route, _, _ in leaves(patterns)]
        with override(None):  # the untranslated ones name the series
            templates = [template for _, template, _ in leaves(patterns)]
        for route, template in zip(routes, templates, strict=True):
            self._known.setdefault(route, template)  # the first one wins, as it does in Django


def leaves(
    patterns: list[URLPattern | URLResolver], route: str = "", template: str = ""
) -> Iterator[tuple[str, str, object]]:
    """Every place under *patterns*: the route as Django joins it, its template, and the view."""
    for one in patterns:
        text = str(one.pattern)
        # As Django joins them: what is included has no start of its own.
        joined = route + text.removeprefix("^") if route else text
        below = template + _written(one.pattern, text)
        if isinstance(one, URLResolver):
            yield from leaves(one.url_patterns, joined, below)
        else:
            yield joined, "/" + below.removeprefix("/"), one.callback


def methods_of(view: object) -> tuple[str, ...]:
    """The methods that a view declares by its class; none if it does not say."""
    actions = getattr(view, "actions", None)  # of a view set of Django REST framework
    if isinstance(actions, dict):
        found = {str(method).upper() for method in actions}
    else:
        kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
        allowed = getattr(kind, "http_method_names", None) or ()
        found = {str(method).upper() for method in allowed if callable(getattr(kind, str(method), None))}
    return tuple(method for method in vocabulary.METHODS if method in found - {"OPTIONS", "HEAD"})


def _written(pattern: object, text: str) -> str:
    if isinstance(pattern, LocalePrefixPattern):
        return LANGUAGE
    if isinstance(pattern, RoutePattern):
        return template_of(text)
    if isinstance(pattern, RegexPattern):
        forms = normalize(text)
        longest = max((form for form, _ in forms), key=len, default="")
        return _ARGUMENT.sub(r"{\1}", longest).replace("%%", "%") if longest else text.strip("^$")
    return text
