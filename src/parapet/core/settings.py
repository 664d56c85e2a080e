"""What a deployment decides, as frozen values; the only module that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from parapet.core.errors import ConfigurationError

SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubernetes:
    """How the objects for the Prometheus operator are named, found and let in. A secret is named, never written."""

    namespace: str | None = None
    """Of the objects, and of the secret; None: wherever they are applied."""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the operator's selectors look for on objects: `{"release": "prometheus"}`."""
    scraped: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Labels of the Kubernetes Service that is scraped; none: `app.kubernetes.io/name`, named like the service."""
    scraped_namespace: str | None = None
    """Where that Service lives, if not beside the objects."""
    port: str = "http"
    """The name of its port."""
    secret: str | None = None
    """The Secret with the keys `metrics-token` and `webhook-token`; None: `parapet-SERVICE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Whom Parapet trusts, and as whom it comes, where it asks over https. Files are read again when they change.

    Raises:
        ConfigurationError: a key without its certificate.
    """

    ca_file: str | None = None
    """Certificates of those who may sign for a server, as PEM; None: those that the system trusts."""
    certificate_file: str | None = None
    """Our own, as PEM, where a server asks for one; its key may be in the same file."""
    key_file: str | None = None

    def __post_init__(self) -> None:
        if self.key_file is not None and self.certificate_file is None:
            raise ConfigurationError(f"key_file is {self.key_file!r}, and certificate_file is missing. Give both.")

    @property
    def files(self) -> tuple[str, ...]:
        """Those that are given."""
        return tuple(one for one in (self.ca_file, self.certificate_file, self.key_file) if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Where things live, for the generated files and for links. Every value has a sane default for one host.

    Durations are seconds. `*_file` are paths on the machine that runs Prometheus or Alertmanager: secrets are
    referred to by file, never written into a generated artifact.
    """

    scrape_targets: tuple[str, ...] = ("127.0.0.1:8000",)
    """Where the service answers. Processes that share a directory count together: any one of them tells for all."""
    metrics_path: str = "/metrics"
    port_targets: tuple[str, ...] = ()
    """Ports of their own for signals, of workers and of hosts whose port is public (`serve_metrics`): read too."""
    metrics_token_file: str | None = "/etc/parapet/metrics-token"
    scrape_interval_seconds: float = 15.0
    evaluation_interval_seconds: float = 15.0
    webhook_url: str = "http://127.0.0.1:8000/parapet/hooks/alertmanager"
    webhook_token_file: str = "/etc/parapet/webhook-token"
    group_wait_seconds: float = 10.0
    group_interval_seconds: float = 60.0
    repeat_interval_seconds: float = 14_400.0
    workbench_url: str = "http://127.0.0.1:8000/parapet"
    """Public address of the workbench, without a trailing slash."""
    alertmanager_urls: tuple[str, ...] = ()
    """Every peer, to be asked each minute what it has: what was never delivered is heard of, and what ended unheard."""
    alertmanager_receiver: str | None = None
    """What Parapet's receiver is called there; None: as in the generated configuration."""
    prometheus_url: str | None = None
    """Where Parapet itself asks Prometheus for current burn and budget; None: the workbench says it cannot know."""
    tls: Tls | None = None
    """Whom Parapet trusts, and as whom it comes, where it asks Prometheus, Alertmanager or Grafana over https."""
    kubernetes: Kubernetes | None = None
    """Given, objects for the Prometheus operator are generated too."""
    grafana_url: str | None = None
    """Where the doctor asks Grafana whether it shows what was generated; None: it looks into `dashboards_folder`."""
    dashboards: bool = True
    """Whether Grafana dashboards are generated, which needs the extra `grafana`."""
    dashboards_folder: str = "/var/lib/grafana/dashboards/parapet"
    """Where the dashboards will be on the machine that runs Grafana."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the command line takes from the environment when an option is missing."""

    app: str | None = None
    """PARAPET_APP: where the Parapet object lives, as module:attribute."""
    evidence: str | None = None
    """PARAPET_EVIDENCE: SQLAlchemy URL of the evidence database."""
    prometheus_credentials: str | None = field(default=None, repr=False)
    """PARAPET_PROMETHEUS_CREDENTIALS: a bearer token, or user:password."""
    no_color: bool = False
    """NO_COLOR, with any value: the person wants none."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Environment:
        """The process environment (or *environ*), as values."""
        source = os.environ if environ is None else environ
        return cls(
            app=source.get("PARAPET_APP"),
            evidence=source.get("PARAPET_EVIDENCE"),
            prometheus_credentials=source.get("PARAPET_PROMETHEUS_CREDENTIALS"),
            no_color=bool(source.get("NO_COLOR")),
        )


def required(name: str, environ: Mapping[str, str] | None = None) -> str:
    """The variable *name* of the environment.

    Raises:
        ConfigurationError: it is missing or empty.
    """
    value = (os.environ if environ is None else environ).get(name)
    if not value:
        raise ConfigurationError(f"The environment variable {name} is not set. Set it, or pass the value in code.")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The shared secrets of one deployment. Never stored, never logged: the repr shows none of them.

    A surface without its secret stays closed. Two live values allow rotation without a gap.
    """

    webhook_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Bearer tokens that senders of alerts may present: Alertmanager, Grafana, anybody."""
    signing_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys that senders sign bodies with. With them, bodies of Grafana and of events must be signed. Alertmanager
    cannot sign, so its bodies are checked only if they are signed (by a proxy)."""
    metrics_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Bearer tokens that may read /metrics."""
    api_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Bearer tokens of machines that may read, and record changes, such as a deploy pipeline."""
    responder_tokens: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(name, bearer token) of machines that may also work on incidents; the name stands in the chronology. A name may
    have two tokens while one is replaced by the other."""
    alertmanager_credentials: str | None = field(default=None, repr=False)
    """What its API asks for: a bearer token, or user:password."""
    prometheus_credentials: str | None = field(default=None, repr=False)
    """The same for the API of Prometheus."""
    grafana_credentials: str | None = field(default=None, repr=False)
    """The same for the API of Grafana: the token of a service account that may read dashboards and data sources."""
    form_key: str | None = field(default=None, repr=False)
    """Signs the request tokens of the workbench's forms; the same on every process of the service."""

    def __post_init__(self) -> None:
        for name in ("webhook_tokens", "signing_keys", "metrics_tokens", "api_tokens"):
            for value in getattr(self, name):
                if len(value) < SHORTEST_SECRET:
                    raise ConfigurationError(
                        f"A value in {name} has {len(value)} characters; use {SHORTEST_SECRET} or more."
                    )
        for name, value in self.responder_tokens:
            if not name.strip() or len(value) < SHORTEST_SECRET:
                raise ConfigurationError(
                    f"The token of {name!r} in responder_tokens has {len(value)} characters; use {SHORTEST_SECRET} or "
                    "more, and a name that says who acts."
                )
        if self.form_key is not None and len(self.form_key) < SHORTEST_SECRET:
            raise ConfigurationError(f"form_key has {len(self.form_key)} characters; use {SHORTEST_SECRET} or more.")
