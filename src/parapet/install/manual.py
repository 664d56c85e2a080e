"""What to do by hand where nothing could be told, step by step."""

from __future__ import annotations

PARAPET = (
    "Make a module `reliability.py` that your application can import:",
    "    from parapet import Parapet, Secrets",
    "    from parapet.slo.packs import web_pack",
    '    parapet = Parapet(service="shop", evidence="sqlite:////var/lib/shop/evidence.db", secrets=Secrets(...))',
    "    parapet.adopt(web_pack())",
)
ASGI = (
    *PARAPET,
    "Where the application is made, once its other middleware is added:",
    "    app.add_middleware(parapet.middleware)",
    '    app.router.routes.insert(0, Route("/metrics", metrics(parapet)))      # from parapet.web import metrics',
    "An application of another kind is wrapped: `app = parapet.middleware(app)`.",
)
FLASK = (
    *PARAPET,
    "Where the application is made, after its own `app.wsgi_app = ...` lines:",
    "    from parapet.integrations.flask import instrument",
    "    instrument(app, parapet)",
    '    app.add_url_rule("/metrics", "parapet_metrics", metrics(parapet))     # from parapet.web.flask import metrics',
)
DJANGO = (
    *PARAPET,
    "In the settings that your servers use:",
    '    PARAPET = "mysite.reliability.parapet"',
    '    MIDDLEWARE = ["parapet.integrations.django.middleware", *MIDDLEWARE]',
    "In the root of your addresses:",
    '    urlpatterns = [path("metrics", metrics(parapet)), *urlpatterns]  # from parapet.web.django import metrics',
)
LAST = (
    "Then:",
    "    parapet db upgrade --app mysite.reliability:parapet",
    "    parapet generate   --app mysite.reliability:parapet --out ops/",
    "    parapet worker     --app mysite.reliability:parapet",
)
JOBS = {
    "Celery": "from parapet.integrations.celery import instrument; instrument(app, parapet)",
    "Dramatiq": "from parapet.integrations.dramatiq import instrument; instrument(broker, parapet)",
    "Taskiq": "from parapet.integrations.taskiq import instrument; instrument(broker, parapet)",
    "Procrastinate": "from parapet.integrations.procrastinate import instrument; instrument(app, parapet)",
    "arq": "from parapet.integrations.arq import instrument; instrument(WorkerSettings, parapet)",
}


def steps(framework: str) -> tuple[str, ...]:
    """How a person wires an application of *framework*."""
    first = {"Flask": FLASK, "Django": DJANGO}.get(framework, ASGI)
    return (*first, *LAST)


def jobs(library: str, package: str) -> tuple[str, ...]:
    """How a person has jobs counted whose application was not found."""
    call = JOBS.get(library)
    if call is None:
        return (f"{library} was found, which Parapet has no integration for: count its jobs as a pipeline.",)
    return (
        f"{library} was found, but not where its application is made. There: {call} (from {package} import parapet)",
    )
