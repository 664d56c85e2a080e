"""A healthy host in a folder of its own, with git, and ways to plant one fault in it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from parapet import Parapet, Runbook, Secrets, Wiring
from parapet.doctor.facts import Facts
from parapet.doctor.gathered.host import Host, NoHost, host_of
from parapet.response.runbook import Step
from parapet.slo.packs import probes_pack
from parapet.web import Principal, metrics, workbench
from parapet.web.request import Request

SECRETS: Mapping[str, Any] = {
    "webhook_tokens": ("hW3kq9ZtB7xLrPq2VnYd",),
    "metrics_tokens": ("m8TzQwRf5uYcK1oHsJ4b",),
    "api_tokens": ("aX7pLk2NvBq9TsWc6YdE",),
    "form_key": "f0KjR8sZqLw3XnVb5MtH",
}
APP = """
from fastapi import FastAPI
from reliability import parapet
app = FastAPI()
app.add_middleware(parapet.middleware)
"""
RELIABILITY = """
import os
from parapet import Parapet, Secrets
parapet = Parapet(service="shop", evidence=os.environ["EVIDENCE"], secrets=Secrets(form_key=os.environ["KEY"]))
"""
WORKER = "worker: parapet worker --app reliability:parapet --metrics-port 9101\n"
PROCFILE = f"web: uvicorn app:app --port $PORT\n{WORKER}"
PIPELINE = """
jobs:
  check: {steps: [{run: parapet doctor --ci --github}]}
  deploy: {steps: [{run: parapet deploy mark --version 1}]}
"""
FILES = {
    "app.py": APP,
    "reliability.py": RELIABILITY,
    "Procfile": PROCFILE,
    ".github/workflows/ci.yml": PIPELINE,
    "README.md": "A shop.\n",
}


def nobody(request: Request) -> Principal | None:
    """No visitor is signed in."""
    return None


@dataclass(kw_only=True)
class Case:
    """One folder with a host in it."""

    folder: Path
    evidence: str
    changed: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> Case:
        """A file that git knows."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        git(self.folder, "add", "-f", name)
        return self

    def remove(self, *names: str) -> Case:
        """Files that neither git nor the folder has any more."""
        git(self.folder, "rm", "-rfq", *names)
        return self

    def parapet(
        self,
        *,
        wiring: Mapping[str, Any] | None = None,
        secrets: Mapping[str, Any] | None = None,
        define: Callable[[Parapet], object] = lambda parapet: None,
        **settings: Any,
    ) -> Parapet:
        """The healthy definitions, with what is changed about them."""
        made = Parapet(
            **{
                "service": "shop",
                "environment": "test",
                "owner": "the shop's team",
                "evidence": self.evidence,
                "wiring": Wiring(**{"dashboards": False, "metrics_token_file": "/etc/parapet/m", **(wiring or {})}),
                "secrets": Secrets(**{**SECRETS, **(secrets or {})}),
                **settings,
            }
        )
        made.journey("checkout", objective=0.999, routes=("POST /checkout",))
        made.runbook(
            Runbook(
                name="till",
                title="The till",
                owner="the shop's team",
                slices=("checkout",),
                steps=(Step(title="Look at it", text="Is it on? Do not open it."),),
            )
        )
        made.probe("home", lambda: None)
        made.adopt(probes_pack())
        define(made)
        return made

    def application(
        self,
        parapet: Parapet,
        *,
        authenticate: Callable[[Request], Principal | None] = nobody,
        networks: Sequence[str] = (),
        counted: int = 1,
        mounted: bool = True,
        measured: bool = True,
    ) -> FastAPI:
        """A shop on FastAPI."""
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.post("/checkout")(lambda: None)
        for _ in range(counted):
            app.add_middleware(parapet.middleware)
        if measured:
            app.routes.append(Route("/metrics", metrics(parapet, allow_networks=networks)))
        if mounted:
            app.mount("/parapet", workbench(parapet, authenticate=authenticate))
        return app

    def facts(
        self,
        parapet: Parapet | None = None,
        host: object = None,
        *,
        out: str = "ops",
        known: Host | NoHost | None = None,
        patience_seconds: float = 30.0,
    ) -> Facts:
        """What the doctor then knows."""
        parapet = parapet or self.parapet()
        looked = known or host_of(host or self.application(parapet), parapet, "app:app")
        return Facts(
            parapet,
            app_spec="reliability:parapet",
            folder=self.folder,
            out=self.folder / out,
            host=looked,
            patience_seconds=patience_seconds,
        )


def git(folder: Path, *words: str) -> None:
    """Run git there."""
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def new_case(template: Path, folder: Path, database: Path) -> Case:
    """A healthy host, copied from *template*, with a migrated *database* outside of its repository."""
    shutil.copytree(template, folder / "host")
    shutil.copyfile(database, folder / "evidence.db")
    return Case(folder=folder / "host", evidence=f"sqlite:///{folder / 'evidence.db'}")
