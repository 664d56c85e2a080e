"""What a deployment decides, from NOTES_* variables and REDIS_URL."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment."""

    secret_key: str
    """Signs sessions. Without NOTES_SECRET_KEY everybody is signed out by a restart."""
    database: str
    redis_url: str
    exports: Path
    """Where finished exports lie."""

    @classmethod
    def read(cls) -> Settings:
        """From this process's environment."""
        return cls(
            secret_key=os.environ.get("NOTES_SECRET_KEY") or secrets.token_urlsafe(32),
            database=os.environ.get("NOTES_DATABASE", f"sqlite:///{HERE / 'notes.db'}"),
            redis_url=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
            exports=Path(os.environ.get("NOTES_EXPORTS", HERE / "exports")),
        )
