"""What is known of one host. Each part is looked up when the first check asks for it, and once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError
from parapet.doctor.gathered.asking import Answer
from parapet.doctor.gathered.channels import Hearing, heard
from parapet.doctor.gathered.deployment import Deployment
from parapet.doctor.gathered.evidence import Evidence, looked_at
from parapet.doctor.gathered.files import File, files_in, tracked
from parapet.doctor.gathered.generated import Generated, compared
from parapet.doctor.gathered.host import Host, NoHost, load_host, paths
from parapet.doctor.gathered.http import Api, status_of
from parapet.doctor.gathered.modules import Module, applications, modules_of
from parapet.doctor.gathered.picturing import Picturing, pictured
from parapet.doctor.gathered.telling import Telling, sent_and_returned, told
from parapet.doctor.gathered.watching import Watching, watched
from parapet.slo.catalog import Catalog

PATIENCE_SECONDS = 30.0


class Facts:
    """The host of *app*.

    Args:
        app_spec: how the person called it, for commands that are proposed.
        folder: where its sources and deployment files live.
        out: where its generated files lie.
        host: its application, as module:object; None: looked for in the sources.
        credentials: what Prometheus asks for: a bearer token, or user:password.
        patience_seconds: beyond the wait of its group, until a test alert must have arrived.
    """

    def __init__(
        self,
        app: Parapet,
        *,
        app_spec: str,
        folder: Path,
        out: Path,
        host: str | Host | NoHost | None = None,
        credentials: str | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.app = app
        self.app_spec = app_spec
        self.folder = folder
        self.out = out
        self._host = host
        self._credentials = credentials
        self._patience_seconds = patience_seconds

    @cached_property
    def now(self) -> datetime:
        """When the doctor came."""
        return self.app.clock.now()

    @cached_property
    def refused(self) -> ConfigurationError | None:
        """Why the definitions cannot be taken together, if they cannot."""
        try:
            self.app.catalog  # noqa: B018  # it is built here
        except ConfigurationError as error:
            return error
        return None

    @property
    def catalog(self) -> Catalog:
        """Every promise that holds; none where the definitions contradict each other."""
        return Catalog(service=self.app.service) if self.refused else self.app.catalog

    @cached_property
    def files(self) -> tuple[File, ...]:
        """The host's files."""
        return self._files[0]

    @property
    def tracked(self) -> bool:
        """Whether git said which files those are."""
        return self._files[1]

    @cached_property
    def tracked_names(self) -> frozenset[str]:
        """The path of every file that git knows, whatever is in it."""
        return frozenset(tracked(self.folder) or ())

    @cached_property
    def zones(self) -> bool:
        """Whether Python finds a database of time zones."""
        return bool(available_timezones())

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The host's Python."""
        return modules_of(self.files)

    @cached_property
    def deployment(self) -> Deployment:
        """How it is started."""
        return Deployment(self.files)

    @cached_property
    def generated(self) -> Generated:
        """The generated files."""
        return compared(self.app, self.out)

    @cached_property
    def evidence(self) -> Evidence | None:
        """Its evidence; None: it keeps none."""
        return None if self.app.evidence is None else looked_at(self.app)

    @cached_property
    def host(self) -> Host | NoHost:
        """Its application."""
        if isinstance(self._host, Host | NoHost):
            return self._host
        if self._host is not None:
            return load_host(self._host, self.app)
        found = sorted(set(applications(self.modules)))
        if len(found) == 1:
            return load_host(found[0], self.app)
        return NoHost(
            why=f"there are {len(found)}: {', '.join(found)}" if found else "none is made at the top of a module"
        )

    @cached_property
    def answers(self) -> dict[str, Answer]:
        """What a stranger hears at each door of the application: metrics, workbench, webhook."""
        host = self.host
        if isinstance(host, NoHost):
            return {}
        tried = {"metrics": "GET", "workbench": "GET", "webhook": "POST"}
        where = paths(self.app, host)
        asked = {name: host.ask(method, where[name]) for name, method in tried.items()}
        return {name: answer for name, answer in asked.items() if answer is not None}

    @cached_property
    def watching(self) -> Watching | None:
        """Prometheus; None: nobody said where it is."""
        url = self.app.wiring.prometheus_url
        if url is None:
            return None
        credentials = self._credentials or self.app.secrets.prometheus_credentials
        return watched(
            Api(url, self.app.clock.now, credentials=credentials, tls=self.app.wiring.tls),
            self.catalog,
            self.app.wiring,
        )

    @cached_property
    def picturing(self) -> Picturing | None:
        """Grafana; None: nobody said where it is, or no dashboards are defined."""
        url = self.app.wiring.grafana_url
        if url is None or not self.app.wiring.dashboards:
            return None
        api = Api(url, self.app.clock.now, credentials=self.app.secrets.grafana_credentials, tls=self.app.wiring.tls)
        return pictured(api, self.app.service, self.generated.texts)

    @cached_property
    def telling(self) -> tuple[Telling, ...]:
        """Every peer of Alertmanager that was named."""
        return tuple(told(api, self.app) for api in self._peers) if self.refused is None else ()

    @cached_property
    def tested(self) -> tuple[tuple[str, str | None], ...]:
        """(peer, why a test alert did not come back from it, if it did not), for the first peer that answers."""
        for api, peer in zip(self._peers, self.telling, strict=True):
            if peer.problem is None:
                wait = (peer.times or {}).get("group_wait", self.app.wiring.group_wait_seconds)
                return ((api.url, sent_and_returned(api, self.app, wait + self._patience_seconds)),)
        return ()

    @cached_property
    def hearings(self) -> tuple[Hearing, ...]:
        """Every channel, as it answered."""
        return heard(self.app)

    @cached_property
    def reached(self) -> dict[str, int | str]:
        """What a stranger hears over the network at each door: a status, or why there is none."""
        wiring = self.app.wiring
        tried = {"webhook": ("POST", wiring.webhook_url), "workbench": ("GET", f"{wiring.workbench_url}/")}
        if wiring.scrape_targets:
            tried["metrics"] = ("GET", f"http://{wiring.scrape_targets[0]}{wiring.metrics_path}")
        return {name: status_of(method, url) for name, (method, url) in tried.items()}

    @property
    def _peers(self) -> list[Api]:
        secret = self.app.secrets.alertmanager_credentials
        wiring = self.app.wiring
        return [Api(url, self.app.clock.now, credentials=secret, tls=wiring.tls) for url in wiring.alertmanager_urls]

    @cached_property
    def _files(self) -> tuple[tuple[File, ...], bool]:
        return files_in(self.folder)
