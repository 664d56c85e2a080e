"""Writes what was planned, and takes all of it back if the host does not hold afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from parapet.core.errors import ConfigurationError


def write_all(root: Path, texts: Mapping[str, str | None], *, holds: Callable[[], bool]) -> bool:
    """Write *texts* (path below *root* -> text; None: remove the file), then ask *holds*; False: all is as it was.

    Whatever ends it early, an error or Ctrl-C, takes everything back too.

    Raises:
        ConfigurationError: a file cannot be written.
    """
    before = {path: _read(root / path) for path in texts}
    made = [folder for path in texts for folder in reversed((root / path).parents) if not folder.exists()]
    kept = False
    try:
        for path, text in texts.items():
            _write(root / path, None if text is None else text.encode())
        kept = holds()
    except OSError as error:
        raise ConfigurationError(f"Nothing was written: {error}.") from error
    finally:
        if not kept:
            for path, content in before.items():
                _write(root / path, content)
            remove_empty(made)
    return kept


def remove_empty(folders: list[Path]) -> None:
    """Remove those of *folders* that hold nothing but what Python compiled."""
    for folder in sorted(set(folders), key=lambda one: -len(one.parts)):
        if not folder.is_dir():
            continue
        cache = folder / "__pycache__"
        if {one.name for one in folder.iterdir()} <= {"__pycache__"}:
            for compiled in cache.glob("*.pyc"):
                compiled.unlink()
            if cache.is_dir():
                cache.rmdir()
            folder.rmdir()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
