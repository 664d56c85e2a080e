"""What to do by hand where nothing could be told, step by step."""

from __future__ import annotations

from collections.abc import Iterable

from parapet.install.finding import Finding

PARAPET = (
    "A module `reliability.py`, where your application can import it:",
    "    import os",
    "    from parapet import Parapet, Secrets",
    "    from parapet.slo.packs import web_pack",
    "",
    "    parapet = Parapet(",
    '        service="shop",',
    '        evidence=os.environ["PARAPET_EVIDENCE"],  # sqlite:////var/lib/shop/evidence.db, or postgresql://...',
    "        secrets=Secrets(",
    '            webhook_tokens=(os.environ["PARAPET_WEBHOOK_TOKEN"],),',
    '            metrics_tokens=(os.environ["PARAPET_METRICS_TOKEN"],),',
    '            form_key=os.environ["PARAPET_FORM_KEY"],',
    "        ),",
    "    )",
    "    parapet.adopt(web_pack())",
    "",
    "    def authenticate(request):",
    "        return None  # who may see the workbench: parapet.web.Principal(id=..., name=..., role=...)",
)
ASGI = (
    *PARAPET,
    "Where the application is made, once its other middleware is added:",
    "    from parapet.web import metrics, workbench",
    "    from starlette.routing import Mount, Route",
    "    from reliability import authenticate, parapet",
    "",
    "    app.add_middleware(parapet.middleware)",
    '    app.router.routes.insert(0, Route("/metrics", metrics(parapet)))',
    '    app.router.routes.insert(0, Mount("/parapet", workbench(parapet, authenticate=authenticate)))',
    "An application of another kind is wrapped: `app = parapet.middleware(app)`.",
)
FLASK = (
    *PARAPET,
    "Where the application is made, after its own `app.wsgi_app = ...` lines:",
    "    from parapet.integrations.flask import instrument",
    "    from parapet.web.flask import metrics, workbench",
    "    from reliability import authenticate, parapet",
    "",
    "    instrument(app, parapet)",
    '    app.add_url_rule("/metrics", "parapet_metrics", metrics(parapet))',
    '    app.register_blueprint(workbench(parapet, authenticate=authenticate), url_prefix="/parapet")',
)
DJANGO = (
    *PARAPET,
    "In the settings that your servers use, below everything else:",
    '    PARAPET = "reliability.parapet"',
    '    MIDDLEWARE = ["parapet.integrations.django.middleware", *MIDDLEWARE]',
    "In the root of your addresses, below everything else:",
    "    from django.urls import include, path",
    "    from parapet.web.django import metrics, workbench",
    "    from reliability import authenticate, parapet",
    "",
    "    urlpatterns = [",
    '        path("metrics", metrics(parapet)),',
    '        path("parapet/", include(workbench(parapet, authenticate=authenticate))),',
    "        *urlpatterns,",
    "    ]",
)
LAST = (
    "Then, in the folder of `reliability.py`; the third is left running:",
    "    parapet db upgrade --app reliability:parapet",
    "    parapet generate   --app reliability:parapet --out ops/",
    "    parapet worker     --app reliability:parapet",
    "    parapet doctor     --app reliability:parapet",
)
JOBS = {"Celery": "app", "Dramatiq": "broker", "Taskiq": "broker", "Procrastinate": "app", "arq": "WorkerSettings"}
"""What of a job library is handed to the function that counts."""
INSTRUMENT = "from parapet.integrations.sqlalchemy import instrument"
ENGINES = {
    "SQLAlchemy": "There: `{instrument}`, `from {package} import parapet`, and `instrument(engine, parapet)`",
    "SQLModel": "There: `{instrument}`, `from {package} import parapet`, and `instrument(engine, parapet)`",
    "Flask-SQLAlchemy": "Below `db.init_app(app)`: `{instrument}`, `from {package} import parapet`, and "
    "`with app.app_context(): instrument(db.engine, parapet)`",
}
"""How statements are counted where the engine of a library was not found."""


def steps(framework: str) -> tuple[str, ...]:
    """How a person wires an application of *framework*."""
    first = {"Flask": FLASK, "Django": DJANGO}.get(framework, ASGI)
    return (*first, *LAST)


def engines(found: Iterable[Finding], package: str) -> tuple[str, ...]:
    """How a person has statements counted whose engine was not found."""
    names = [one.name for one in found if one.name in ENGINES]
    return tuple(
        f"{name} was found, but not where its engine is made. "
        + ENGINES[name].format(instrument=INSTRUMENT, package=package)
        for name in names[:1]
    )


def jobs(library: str, package: str, function: str) -> str:
    """How a person has jobs counted whose application was not found: by *function* of the reliability *package*."""
    return (
        f"{library} was found, but not where its {JOBS[library]} is made. There, below it: "
        f"`from {package} import {function}; {function}({JOBS[library]})`"
    )
