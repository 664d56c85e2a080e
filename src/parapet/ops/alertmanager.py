"""Questions to the peers of an Alertmanager, over their HTTP API. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from parapet.core.errors import ConfigurationError, DeliveryFailed, MalformedPayload
from parapet.core.settings import Tls
from parapet.core.transport import Request, Transport, UrllibTransport
from parapet.incidents.listing import Listed, Silence, alerts_listed, silences_listed
from parapet.ops.prometheus import authorization

TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the peers that answered say, together."""

    listed: dict[str, Listed] = field(default_factory=dict)
    """By fingerprint. An alert is here if any peer has it; the newest word of them counts."""
    silences: dict[str, Silence] = field(default_factory=dict)
    answered: tuple[str, ...] = ()
    """Addresses of the peers that answered."""
    silent: dict[str, str] = field(default_factory=dict)
    """Addresses of those that did not, and why, in words."""


class Alertmanager:
    """The peers at *urls*; *credentials* are a bearer token or `user:password`; *tls* says whom to trust.

    Raises:
        ConfigurationError: there is none, or an address carries a password, which every log would show.
    """

    def __init__(
        self,
        urls: Sequence[str],
        transport: Transport | None = None,
        *,
        credentials: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        if not urls:
            raise ConfigurationError("There is no Alertmanager to ask. Name one in Wiring(alertmanager_urls=...).")
        for url in urls:
            if urlsplit(url).username is not None:
                raise ConfigurationError(
                    "The address of an Alertmanager carries a password. Give Secrets(alertmanager_credentials=...)."
                )
        self.urls = tuple(url.rstrip("/") for url in urls)
        self._transport = transport or UrllibTransport(TIMEOUT_SECONDS, tls=tls)
        self._headers = {"Authorization": authorization(credentials)} if credentials else {}

    def ask(self) -> Answers:
        """Ask every peer. One that does not answer, or not as an Alertmanager would, has said nothing."""
        listed: dict[str, Listed] = {}
        silences: dict[str, Silence] = {}
        answered: list[str] = []
        silent: dict[str, str] = {}
        for url in self.urls:
            try:
                alerts = alerts_listed(self._get(f"{url}/api/v2/alerts"))
                made = silences_listed(self._get(f"{url}/api/v2/silences"))
            except (DeliveryFailed, MalformedPayload) as error:
                silent[url] = error.message
                continue
            answered.append(url)
            silences |= {one.id: one for one in made}
            for one in alerts:
                known = listed.get(one.report.fingerprint)
                if known is None or one.updated_at > known.updated_at:
                    listed[one.report.fingerprint] = one
        return Answers(listed=listed, silences=silences, answered=tuple(answered), silent=silent)

    def _get(self, url: str) -> bytes:
        answer = self._transport.send(Request(method="GET", url=url, headers=self._headers))
        if answer.status != 200:
            raise DeliveryFailed(f"{url} answered {answer.status}.")
        return answer.body
