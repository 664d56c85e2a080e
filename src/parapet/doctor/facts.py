"""What is known of one host. Each part is looked up when the first check asks for it, and once."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import available_timezones

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError
from parapet.doctor.gathered.asking import Answer
from parapet.doctor.gathered.deployment import Deployment
from parapet.doctor.gathered.evidence import Evidence, looked_at
from parapet.doctor.gathered.files import File, files_in, tracked
from parapet.doctor.gathered.generated import Generated, compared
from parapet.doctor.gathered.host import Host, NoHost, load_host, paths
from parapet.doctor.gathered.modules import Module, applications, modules_of
from parapet.slo.catalog import Catalog


class Facts:
    """The host of *app*.

    Args:
        app_spec: how the person called it, for commands that are proposed.
        folder: where its sources and deployment files live.
        out: where its generated files lie.
        host: its application, as module:object; None: looked for in the sources.
    """

    def __init__(
        self, app: Parapet, *, app_spec: str, folder: Path, out: Path, host: str | Host | NoHost | None = None
    ) -> None:
        self.app = app
        self.app_spec = app_spec
        self.folder = folder
        self.out = out
        self._host = host

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
    def _files(self) -> tuple[tuple[File, ...], bool]:
        return files_in(self.folder)
