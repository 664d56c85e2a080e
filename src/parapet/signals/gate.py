"""Who may read /metrics: whoever shows a token, or asks from an allowed network. Nobody else."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from parapet.core.errors import ConfigurationError

Network: TypeAlias = IPv4Network | IPv6Network


class Verdict(Enum):
    """What becomes of a request."""

    OPEN = auto()
    CLOSED = auto()  # nobody may read: neither a token nor a network is configured
    STRANGER = auto()  # it comes from elsewhere, and there are no tokens to show
    TOKEN_NEEDED = auto()  # a token would open


@dataclass(frozen=True, slots=True)
class Gate:
    """The rule for one endpoint.

    A network is that of the peer, as the server tells it. Behind a proxy that is either the proxy, whose address must
    then not be allowed, or whom the server believes the proxy to speak for. No header is believed here.
    """

    networks: tuple[Network, ...]

    @classmethod
    def of(cls, networks: Iterable[str]) -> Gate:
        """A rule that lets in *networks*, each as `10.0.0.0/8` or a single address.

        Raises:
            ConfigurationError: one of them is no network.
        """
        if isinstance(networks, str):
            raise ConfigurationError(f"Networks are given as several: ({networks!r},), not {networks!r}.")
        return cls(tuple(map(_network, networks)))

    def verdict(self, *, client: str | None, token: str | None, tokens: Iterable[str]) -> Verdict:
        """Whether a request from the address *client* that shows *token* may read; the tokens are those that open."""
        known = tuple(tokens)
        if _shown(token, known) or self._near(client):
            return Verdict.OPEN
        if known:
            return Verdict.TOKEN_NEEDED
        return Verdict.STRANGER if self.networks else Verdict.CLOSED

    def _near(self, client: str | None) -> bool:
        try:
            address = ip_address((client or "").partition("%")[0])
        except ValueError:  # a Unix socket, or a name
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self.networks)


def bearer(authorization: str | None) -> str | None:
    """The token of an Authorization header."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no network: {error}. Write it as '10.0.0.0/8'.") from error


def _shown(token: str | None, tokens: tuple[str, ...]) -> bool:
    found = False
    for one in tokens:  # all of them, in constant time
        found |= hmac.compare_digest((token or "").encode(), one.encode())
    return found and bool(token)
