"""How Starlette and FastAPI say which route answered. Reads their objects; imports neither, and matches only when
nothing else tells."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from parapet.core import vocabulary

FASTAPI = "fastapi"
"""Where FastAPI keeps in a scope what it knows of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One place where requests end: a route, or a mounted application that we cannot look into."""

    template: str
    methods: tuple[str, ...]
    """The methods it declares; none, if it takes what it gets."""
    anchors: tuple[object, ...]
    """What a scope may hold once this place has answered."""


def leaves(routes: object, prefix: str = "") -> Iterator[Leaf]:
    """Every place under *routes*: mounts, hosts and FastAPI's included routers are walked into."""
    for route in _each(routes):
        for view in _views(route):
            inner = getattr(view, "starlette_route", None) or view
            endpoint = getattr(inner, "endpoint", None)
            below = getattr(inner, "routes", None)
            if endpoint is not None:
                yield Leaf(
                    template=prefix + _path(inner),
                    methods=_methods(inner, endpoint),
                    anchors=(view, inner, endpoint, getattr(view, "app", None)),
                )
            elif below:
                yield from leaves(below, prefix + _mount_path(inner))
            elif (app := getattr(inner, "app", None)) is not None:
                template = prefix + _mount_path(inner) or "/{path}"
                yield Leaf(template=template, methods=(), anchors=(view, inner, app))


def served(routes: object) -> Iterator[tuple[str, str]]:
    """The (method, template) pairs that *routes* declare."""
    for leaf in leaves(routes):
        for method in leaf.methods:
            if method in vocabulary.METHODS:
                yield method, leaf.template


def anchor_of(scope: Mapping[str, object]) -> object:
    """What the framework left in the scope of a request that it routed; None if nothing."""
    # Starlette sets the route since 1.7 and FastAPI always did; otherwise there is only the endpoint.
    anchor = scope.get("route") or scope.get("endpoint")
    extra = scope.get(FASTAPI)
    # FastAPI since 0.137: the route of an included router does not know the prefix, this context does.
    return extra.get("effective_route_context", anchor) if isinstance(extra, dict) else anchor


def templates_of(routes: object, anchor: object) -> set[str] | None:
    """The templates under which *anchor* is reached; None if it is a router, which says nothing about the route."""
    inner = getattr(anchor, "starlette_route", None) or anchor
    if getattr(inner, "endpoint", None) is None and getattr(inner, "routes", None):
        return None
    return {leaf.template for leaf in leaves(routes) if any(anchor is one for one in leaf.anchors)}


def own_path(anchor: object) -> str:
    """The template that a route knows itself, without the prefixes of what it is mounted in; may be empty."""
    inner = getattr(anchor, "starlette_route", None) or anchor
    return _mount_path(inner) if getattr(inner, "endpoint", None) is None else _path(inner)


def match(scope: Mapping[str, object], routes: object) -> tuple[str, bool] | None:
    """Match again as the routers did: the template, and whether it ends at an application we cannot look into."""
    start = {key: value for key, value in scope.items() if key not in {FASTAPI, "route", "endpoint"}}
    start["root_path"] = scope.get("app_root_path", scope.get("root_path", ""))
    start["path_params"] = {}
    return _matched(start, routes, "")


def frontend_template(scope: Mapping[str, object]) -> str | None:
    """The template of files that FastAPI serves as a front end, which is no route; None if it is something else."""
    extra = scope.get(FASTAPI)
    rest = extra.get("frontend_path") if isinstance(extra, dict) else None
    path = scope.get("path")
    if not isinstance(rest, str) or not isinstance(path, str) or "app_root_path" in scope:
        return None  # inside a mount, what comes before is a concrete path
    base = path.removesuffix(rest).removeprefix(str(scope.get("root_path") or ""))
    return base.rstrip("/") + "/{path}"


def _matched(scope: dict[str, object], routes: object, prefix: str) -> tuple[str, bool] | None:
    partial: tuple[str, bool] | None = None
    for route in _each(routes):
        for view in _views(route):
            verdict, child = view.matches(scope)  # type: ignore[attr-defined]
            if verdict.name == "NONE":
                continue
            inner = getattr(view, "starlette_route", None) or view
            if getattr(inner, "endpoint", None) is not None:
                found = (prefix + _path(inner), False)
            elif below := getattr(inner, "routes", None):
                return _matched({**scope, **child}, below, prefix + _mount_path(inner))
            else:
                found = (prefix + _mount_path(inner) or "/{path}", True)
            if verdict.name == "FULL":
                return found
            partial = partial or found
    return partial


def _each(routes: object) -> tuple[object, ...]:
    return tuple(routes) if isinstance(routes, list | tuple) else ()


def _views(route: object) -> Iterator[object]:
    """A route as it is reached: itself, or all that FastAPI reaches through an included router."""
    contexts = getattr(route, "effective_route_contexts", None)
    if contexts is None:
        yield route
    else:
        yield from contexts()


def _path(route: object) -> str:
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else ""


def _mount_path(mount: object) -> str:
    """Where a mount begins. A host has no path of its own, and its name never becomes part of a template."""
    return _path(mount).removesuffix("/{path}")


def _methods(route: object, endpoint: object) -> tuple[str, ...]:
    declared: Collection[str] | None = getattr(route, "methods", None)
    if declared is None and isinstance(endpoint, type):  # a class with a method per verb
        declared = {verb for verb in vocabulary.METHODS if callable(getattr(endpoint, verb.lower(), None))}
    verbs = set(declared or ())
    if "GET" in verbs:
        verbs.discard("HEAD")  # Starlette adds it to every GET; nobody declared it
    return tuple(sorted(verbs))
