"""A small browser on the standard library: keeps cookies, follows redirects, reads forms, says where it comes from.

For scripts that must do what a person does. It runs no scripts and loads no pictures.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urlencode, urljoin, urlsplit

MOST_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307})


class NoSuchForm(Exception):
    """The page has no form with that action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer, after redirects."""

    status: int
    url: str
    text: str
    location: str = ""
    """Where it redirects to, when redirects are not followed."""

    @property
    def words(self) -> str:
        """What a reader sees, with single spaces between the words."""
        return _Reader.read(self.text).seen

    def form(self, action_ends: str) -> Form:
        """The form whose address ends with *action_ends*.

        Raises:
            NoSuchForm: there is none.
        """
        for form in _Reader.read(self.text).forms:
            if form.action.endswith(action_ends):
                return form
        raise NoSuchForm(f"{self.url} (status {self.status}) has no form for {action_ends!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as the page gave it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Browser:
    """One visitor of the site at *base*, on one connection that stays open."""

    def __init__(self, base: str, *, timeout_seconds: float = 15.0) -> None:
        self.base = base
        self.cookies: dict[str, str] = {}
        place = urlsplit(base)
        self._origin = f"{place.scheme}://{place.netloc}"
        self._connection = http.client.HTTPConnection(
            place.hostname or "127.0.0.1", place.port, timeout=timeout_seconds
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def get(self, path: str) -> Page:
        """The page at *path*."""
        return self._follow("GET", path, None)

    def post(self, path: str, fields: Mapping[str, str], *, follow: bool = True) -> Page:
        """Send *fields* to *path*, as a form of a page of this site."""
        return self._follow("POST", path, fields) if follow else self._once("POST", path, fields)

    def submit(self, page: Page, action_ends: str, fields: Mapping[str, str]) -> Page:
        """Fill in *fields* of the form of *page* whose address ends with *action_ends*, and send it.

        Raises:
            NoSuchForm: the page has no such form.
        """
        form = page.form(action_ends)
        return self.post(urljoin(page.url, form.action), {**form.fields, **fields})

    def _follow(self, method: str, path: str, fields: Mapping[str, str] | None) -> Page:
        page = self._once(method, path, fields)
        for _ in range(MOST_REDIRECTS):
            if not page.location:
                break
            page = self._once("GET", urljoin(page.url, page.location), None)
        return page

    def _once(self, method: str, path: str, fields: Mapping[str, str] | None) -> Page:
        url = urljoin(self.base + "/", path)
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            return Page(status=0, url=url, text="")  # another site: nothing of ours goes there
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": self._origin}
        answer, text = self._exchange(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        for header in answer.headers.get_all("set-cookie", []):
            name, _, rest = header.partition("=")
            self.cookies[name.strip()] = rest.partition(";")[0].strip().strip('"')
        location = answer.headers.get("location", "") if answer.status in REDIRECTS else ""
        return Page(status=answer.status, url=url, text=text, location=location)

    def _exchange(
        self, method: str, target: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, str]:
        try:
            self._connection.request(method, target, body, dict(headers))
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, http.client.CannotSendRequest, BrokenPipeError, ConnectionResetError):
            self._connection.close()  # the server closed an idle connection: once more on a new one
            self._connection.request(method, target, body, dict(headers))
            answer = self._connection.getresponse()
        return answer, answer.read().decode("utf-8", "replace")


class _Reader(HTMLParser):
    """Collects what can be seen, and the forms with what is filled in already."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._words: list[str] = []
        self._silent = 0

    @classmethod
    def read(cls, text: str) -> _Reader:
        reader = cls()
        reader.feed(text)
        return reader

    @property
    def seen(self) -> str:
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"script", "style", "head"}:
            self._silent += 1
        if tag == "form":
            self.forms.append(Form(action=given.get("action", "")))
        elif tag == "input" and self.forms and given.get("name"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style", "head"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)
