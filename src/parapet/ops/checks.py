"""Checks that come with Parapet: one address, and a walk through several pages as a user would take it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from parapet.core.errors import ConfigurationError, DeliveryFailed, ProbeFailed
from parapet.core.transport import Request, Response, Transport, UrllibTransport

TIMEOUT_SECONDS = 10.0
AGENT = "parapet-probe"

_PLACE = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of a walk, and what its answer must be.

    Raises:
        ConfigurationError: a pattern to capture is no regular expression with one group.
    """

    path: str
    """Relative to the walk's address, or an address of its own. `{name}` stands for what was captured before."""
    method: str = "GET"
    form: Mapping[str, str] | None = None
    """Sent as a form; a value may hold `{name}`, too."""
    headers: Mapping[str, str] = field(default_factory=dict)
    expect_status: tuple[int, ...] = (200,)
    """Redirects are not followed: expect 303, and visit what comes next."""
    contains: str | None = None
    """Text that the answer must hold."""
    capture: Mapping[str, str] = field(default_factory=dict)
    """Name -> a regular expression whose one group is kept under it, such as a form's token."""

    def __post_init__(self) -> None:
        for name, pattern in self.capture.items():
            try:
                groups = re.compile(pattern).groups
            except re.error as error:
                raise ConfigurationError(f"What captures {name!r} is no regular expression: {error}.") from error
            if groups != 1:
                raise ConfigurationError(f"What captures {name!r} has {groups} groups; expected exactly one.")


def http_check(
    url: str,
    *,
    expect_status: tuple[int, ...] = (200,),
    contains: str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    transport: Transport | None = None,
) -> Callable[[], None]:
    """A check that asks *url* once.

    Raises:
        ConfigurationError: *url* is no http or https address.
    """
    visit = Visit(path=url, expect_status=expect_status, contains=contains, headers=headers or {})
    return journey_check(url, visit, timeout_seconds=timeout_seconds, transport=transport)


def journey_check(
    base_url: str, *visits: Visit, timeout_seconds: float = TIMEOUT_SECONDS, transport: Transport | None = None
) -> Callable[[], None]:
    """A check that makes *visits* one after the other, as one user: cookies are kept from visit to visit.

    Args:
        timeout_seconds: for each request.

    Raises:
        ConfigurationError: *base_url* is no http or https address, or there is no visit.
    """
    if urlsplit(base_url).scheme not in {"http", "https"}:
        raise ConfigurationError(f"{base_url!r} is not an http or https address.")
    if not visits:
        raise ConfigurationError("A journey check needs at least one visit.")
    sender = transport or UrllibTransport(timeout_seconds)

    def check() -> None:
        walk = _Walk(base_url, sender)
        for number, visit in enumerate(visits, start=1):
            walk.visit(visit, f"step {number} of {len(visits)}" if len(visits) > 1 else "")

    return check


class _Walk:
    """One user's way: what was captured, and the cookies so far."""

    def __init__(self, base_url: str, transport: Transport) -> None:
        self._base_url = base_url
        self._transport = transport
        self._captured: dict[str, str] = {}
        self._cookies: dict[str, str] = {}

    def visit(self, visit: Visit, where: str) -> None:
        """Make one visit.

        Raises:
            ProbeFailed: the answer is not what was expected, or there was none.
            TimeoutError: it did not come in time.
        """
        said = " ".join(filter(None, [where, visit.method, urlsplit(visit.path).path or "/"]))
        answer = self._ask(visit, said)
        self._keep_cookies(answer)
        if answer.status not in visit.expect_status:
            expected = " or ".join(map(str, visit.expect_status))
            raise ProbeFailed(f"{said}: answered {answer.status}, expected {expected}.")
        text = answer.body.decode("utf-8", "replace")
        if visit.contains is not None and visit.contains not in text:
            raise ProbeFailed(f"{said}: the answer does not contain {visit.contains!r}.")
        for name, pattern in visit.capture.items():
            found = re.search(pattern, text)
            if found is None:
                raise ProbeFailed(f"{said}: the answer holds nothing to capture as {name!r}.")
            self._captured[name] = found.group(1) or ""

    def _ask(self, visit: Visit, said: str) -> Response:
        headers = {"User-Agent": AGENT, **visit.headers}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        body = None
        if visit.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({name: self._filled(value) for name, value in visit.form.items()}).encode()
        url = urljoin(self._base_url, self._filled(visit.path))
        try:
            return self._transport.send(Request(method=visit.method, url=url, headers=headers, body=body))
        except DeliveryFailed as error:
            cause = error.__cause__
            if isinstance(cause, TimeoutError) or isinstance(getattr(cause, "reason", None), TimeoutError):
                raise TimeoutError(f"{said}: {error.message}") from error
            raise ProbeFailed(f"{said}: {error.message}") from error

    def _filled(self, text: str) -> str:
        return _PLACE.sub(lambda place: self._captured.get(place[1], place[0]), text)

    def _keep_cookies(self, answer: Response) -> None:
        for header in answer.set_cookies:
            try:
                morsels = SimpleCookie(header)
            except CookieError:
                continue  # a browser would not keep it either
            for name, morsel in morsels.items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self._cookies.pop(name, None)
                else:
                    self._cookies[name] = morsel.coded_value
