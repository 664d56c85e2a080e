"""The static files: read once, addressed with a hash of their content, so that caches never lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from parapet.web.looks import LOGO, OURS, STYLE, Looks
from parapet.web.response import Response

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file."""

    name: str
    content_type: str
    digest: str
    body: bytes

    @property
    def address(self) -> str:
        """Below the mount."""
        return f"static/{self.name}?v={self.digest}"

    def serve(self, seen_digest: str | None, seen_tag: str | None) -> Response:
        """The file; kept for ever by caches when it was asked for by its digest."""
        tag = f'"{self.digest}"'
        headers = {
            "content-type": self.content_type,
            "cache-control": FOREVER if seen_digest == self.digest else "no-cache",
            "etag": tag,
        }
        if seen_tag == tag:
            return Response(status=304, headers=headers)
        return Response(headers=headers, body=self.body)


def load(looks: Looks = OURS) -> dict[str, Asset]:
    """Every static file by name, the host's own among them."""
    found = {}
    own = [path for path in (looks.file(STYLE), looks.file(LOGO)) if path is not None]
    for path in [*sorted(STATIC.iterdir()), *own]:
        if path.suffix in TYPES:
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()[:12]
            found[path.name] = Asset(name=path.name, content_type=TYPES[path.suffix], digest=digest, body=body)
    return found
