"""What this deployment of the shop decides: read from SHOP_* variables, and from a file that the stack writes.

Secrets are files of their own, never variables: they show up in no process listing and no generated artifact.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_HOME = REPOSITORY / "var" / "demo"
ENVIRONMENT_FILE = "environment"
TOKENS = (
    "webhook-token",
    "metrics-token",
    "api-token",
    "form-key",
    "session-key",
    "notify-secret",
    "customer-password",
)
STAFF = ("ana", "tom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment. Addresses are without a trailing slash; durations are seconds."""

    home: Path
    """Where the databases, secrets and generated files of this deployment live."""
    address: str
    evidence: str
    database: str
    prometheus_url: str | None
    alertmanager_url: str | None
    notify_url: str | None
    burn_scale: float
    """1: the windows of production; 60: an hour becomes a minute."""
    quiet_seconds: float
    worker: str
    """thread: the shop does itself what is due about incidents; none: somebody else does."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """From *environ* (by default this process's), then from the file `environment` in SHOP_HOME, then defaults."""
        given = os.environ if environ is None else environ
        home = Path(given.get("SHOP_HOME") or DEFAULT_HOME)
        values = {**_file(home / ENVIRONMENT_FILE), **{k: v for k, v in given.items() if k.startswith("SHOP_")}}
        return cls(
            home=home,
            address=values.get("SHOP_ADDRESS", "http://127.0.0.1:8000"),
            evidence=values.get("SHOP_EVIDENCE", f"sqlite:///{home / 'evidence.db'}"),
            database=values.get("SHOP_DATABASE", f"sqlite:///{home / 'shop.db'}"),
            prometheus_url=values.get("SHOP_PROMETHEUS_URL"),
            alertmanager_url=values.get("SHOP_ALERTMANAGER_URL"),
            notify_url=values.get("SHOP_NOTIFY_URL"),
            burn_scale=float(values.get("SHOP_BURN_SCALE", "1")),
            quiet_seconds=float(values.get("SHOP_QUIET_SECONDS", "900")),
            worker=values.get("SHOP_WORKER", "thread"),
        )

    @property
    def secrets_folder(self) -> Path:
        """Where each secret is a file."""
        return self.home / "secrets"

    def secret(self, name: str) -> str | None:
        """The secret *name*; None before `make_secrets` made it."""
        path = self.secrets_folder / name
        return path.read_text().strip() if path.exists() else None

    def staff_passwords(self) -> dict[str, str]:
        """Login -> password of the people who work here."""
        path = self.secrets_folder / "staff.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}


def make_secrets(folder: Path) -> None:
    """Fill *folder* with fresh random secrets, readable by this user alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in TOKENS:
        write_privately(folder / name, secrets.token_urlsafe(32))
    write_privately(folder / "staff.json", json.dumps({name: secrets.token_urlsafe(9) for name in STAFF}))


def write_privately(path: Path, text: str) -> None:
    """Write *text* to *path*, with mode 600 from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _file(path: Path) -> dict[str, str]:
    """The NAME=value lines of *path*; nothing if there is no such file."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}
