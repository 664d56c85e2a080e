"""The host's application as an object: what stands around it, what is mounted in it, what a stranger hears."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from inspect import isclass
from typing import Any
from urllib.parse import urlsplit

from parapet.app import Parapet
from parapet.core.guard import guarded
from parapet.doctor.gathered.asking import Answer, ask_asgi, ask_wsgi
from parapet.signals import routes
from parapet.signals.gate import Gate
from parapet.signals.templates import template_of

HOOK = "/hooks/alertmanager"
DJANGO = "parapet.integrations.django"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One middleware. *parapet*: whose it is, if it is ours; None: somebody else's."""

    ours: bool
    parapet: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Something of ours that is mounted."""

    kind: str
    """workbench or metrics."""
    path: str
    parapet: object
    gate: Gate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One application."""

    spec: str
    framework: str
    """asgi, flask, django, or nothing if it is none that the doctor knows."""
    layers: tuple[Layer, ...] = ()
    """Outermost first."""
    served: frozenset[tuple[str, str]] = frozenset()
    """(method, template) of every route that could be read."""
    doors: tuple[Door, ...] = ()
    ask: Callable[[str, str], Answer | None] = field(default=lambda method, path: None, repr=False)

    def door(self, kind: str) -> Door | None:
        """The first door of this kind."""
        return next((one for one in self.doors if one.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoHost:
    """That there is no application to look at, and why."""

    why: str
    known: bool = False
    """Whether somebody said which one it is."""


def load_host(spec: str, app: Parapet) -> Host | NoHost:
    """The application that *spec* names as `module:object`; an object that makes one is called."""
    module_name, _, attribute = spec.partition(":")
    found: object = None
    with guarded("doctor.host") as attempt:
        found = getattr(import_module(module_name), attribute)
        if _makes_one(found):
            found = found()  # type: ignore[operator]  # it is a function
    if attempt.error is not None:
        told = str(attempt.error).splitlines() or [""]
        return NoHost(why=f"{spec} could not be loaded: {type(attempt.error).__name__}: {told[0]}", known=True)
    return host_of(found, app, spec)


def host_of(application: Any, app: Parapet, spec: str) -> Host | NoHost:
    """What there is to know of *application*."""
    origin = app.wiring.workbench_url
    layers, inner = _wrapped(application)
    kind = _kind(inner)
    if kind == "asgi":
        stack = tuple(map(_layer, getattr(inner, "user_middleware", ())))
        return Host(
            spec=spec,
            framework="asgi",
            layers=(*layers, *stack),
            served=frozenset(routes.served(inner.routes)),
            doors=tuple(_doors(inner.routes)),
            ask=lambda method, path: ask_asgi(application, method, path, origin),
        )
    if kind == "flask":
        module = sys.modules.get("parapet.integrations.flask")
        recorder = None if module is None else module.recorder_of(inner)
        mine = () if recorder is None else (Layer(ours=True, parapet=app if recorder is app.recorder else None),)
        rules = inner.url_map.iter_rules()
        return Host(
            spec=spec,
            framework="flask",
            layers=(*layers, *mine),
            served=frozenset((method, template_of(rule.rule)) for rule in rules for method in rule.methods or ()),
            ask=lambda method, path: ask_wsgi(application, method, path, origin),
        )
    if kind == "django":
        names = tuple(sys.modules["django.conf"].settings.MIDDLEWARE)
        asks = ask_asgi if "ASGI" in type(inner).__name__ else ask_wsgi
        return Host(
            spec=spec,
            framework="django",
            layers=(*layers, *(Layer(ours=_of_django(name), parapet=app) for name in names)),
            ask=lambda method, path: asks(application, method, path, origin),
        )
    return NoHost(why=f"{spec} is a {type(application).__name__}, which the doctor does not know", known=True)


def paths(app: Parapet, host: Host) -> dict[str, str]:
    """Where a stranger would try each door: where it is mounted, or where the wiring says it is."""
    workbench, metrics = host.door("workbench"), host.door("metrics")
    base = workbench.path if workbench else urlsplit(app.wiring.workbench_url).path.rstrip("/")
    hook = f"{base}{HOOK}" if workbench else urlsplit(app.wiring.webhook_url).path
    return {"metrics": metrics.path if metrics else app.wiring.metrics_path, "workbench": f"{base}/", "webhook": hook}


def _makes_one(found: object) -> bool:
    """Whether *found* is a factory rather than an application: a function without a place for a request."""
    code = getattr(found, "__code__", None)
    return code is not None and not isclass(found) and code.co_argcount == len(getattr(found, "__defaults__", ()) or ())


def _wrapped(application: Any) -> tuple[tuple[Layer, ...], Any]:
    """Middlewares of ours that are wrapped around an application by hand, and what is inside them."""
    layers = []
    while getattr(application, "__module__", "") in {"parapet.signals.asgi", "parapet.signals.wsgi"}:
        held = dict(zip(application.__code__.co_freevars, application.__closure__ or (), strict=True))
        layers.append(Layer(ours=True, parapet=None))
        application = held["app"].cell_contents
    return tuple(layers), application


def _kind(application: object) -> str:
    modules = {kind.__module__.partition(".")[0] for kind in type(application).__mro__}
    if hasattr(application, "user_middleware") and hasattr(application, "routes"):
        return "asgi"
    return next((kind for kind in ("flask", "django") if kind in modules), "")


def _layer(middleware: Any) -> Layer:
    made = getattr(middleware, "cls", None)
    ours = getattr(made, "__func__", None) is Parapet.middleware
    return Layer(ours=ours, parapet=getattr(made, "__self__", None) if ours else None)


def _doors(mounted: object) -> Iterator[Door]:
    for leaf in routes.leaves(mounted):
        for anchor in leaf.anchors:
            kind = type(anchor)
            if kind.__module__.startswith("parapet.web.") and kind.__name__ in {"Workbench", "Metrics"}:
                yield Door(
                    kind=kind.__name__.lower(),
                    path=leaf.template,
                    parapet=anchor.parapet,  # type: ignore[attr-defined]
                    gate=getattr(anchor, "gate", None),
                )
                break


def _of_django(name: str) -> bool:
    if name.startswith(f"{DJANGO}."):
        return True
    module, _, attribute = name.rpartition(".")
    return getattr(getattr(sys.modules.get(module), attribute, None), "__module__", "") == DJANGO
