"""What an install put into a host, kept in the host's repository so that it can be taken out again exactly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from parapet.core.errors import ConfigurationError
from parapet.install.edits import Edit, taken_out
from parapet.install.project import Project

NAME = ".parapet-install.json"
FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """What went into one file of the host."""

    path: str
    texts: tuple[str, ...]
    before_sha256: str
    after_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One install."""

    app: str
    """Where the Parapet object lives: `shop.reliability:parapet`."""
    import_folder: str
    """From the project's folder."""
    host: str = ""
    """The application as an object, for the doctor; empty: it is not known."""
    options: Mapping[str, object] = field(default_factory=dict)
    """What the templates were filled with."""
    written: Mapping[str, str] = field(default_factory=dict)
    """Files that were written -> what was: the base of later merges."""
    inserted: tuple[Inserted, ...] = ()
    out: str | None = None
    """The folder of generated artifacts."""
    version: str = ""
    """Of Parapet, when it wrote them."""

    def inserted_in(self, path: str) -> tuple[str, ...]:
        """Everything that went into the file *path*."""
        return tuple(text for one in self.inserted if one.path == path for text in one.texts)

    def bare(self, project: Project) -> dict[str, str]:
        """What files are without what went in, where that can still be told."""
        found = {}
        for path in {one.path for one in self.inserted}:
            text = project.text(path)
            without = taken_out(text, self.inserted_in(path)) if text is not None else None
            if without is not None:
                found[path] = without
        return found

    def with_more(
        self, written: Mapping[str, str], edits: tuple[Edit, ...], *, instead_of: Collection[str] = ()
    ) -> Manifest:
        """The same, and what a further run put in; in the files *instead_of* in place of what was there."""
        more = tuple(
            Inserted(
                path=edit.path,
                texts=tuple(one.text for one in edit.insertions),
                before_sha256=digest(edit.before),
                after_sha256=digest(edit.after),
            )
            for edit in edits
        )
        kept = tuple(one for one in self.inserted if one.path not in instead_of)
        return replace(self, written={**self.written, **written}, inserted=(*kept, *more))

    @property
    def text(self) -> str:
        """As it is kept."""
        return json.dumps({"form": FORM, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What an uninstall would do."""

    texts: Mapping[str, str]
    """Files that lose what was put in -> what they are without it."""
    removed: tuple[str, ...]
    """Files that were written, and nobody changed."""
    kept: tuple[str, ...]
    """Files that were written and that somebody has changed since."""
    stuck: Mapping[str, tuple[str, ...]]
    """Files in which what was put in was changed -> the lines that went in."""


def read(project: Project) -> Manifest | None:
    """The manifest of *project*; None before an install.

    Raises:
        ConfigurationError: it is no manifest, or one of a later Parapet.
    """
    text = project.text(NAME)
    if text is None:
        return None
    try:
        told = json.loads(text)
        form = told.pop("form")
        told["inserted"] = tuple(Inserted(**{**one, "texts": tuple(one["texts"])}) for one in told["inserted"])
        found = Manifest(**told)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigurationError(
            f"{NAME} is not what an install wrote: {error}. Restore it from your history."
        ) from error
    if form != FORM:
        raise ConfigurationError(f"{NAME} has form {form}; this Parapet knows {FORM}.")
    return found


def found_in(folder: Path) -> Manifest | None:
    """The manifest of the project in *folder*; None if nothing was installed there.

    Raises:
        ConfigurationError: it is no manifest, or one of a later Parapet.
    """
    return read(Project(folder)) if (folder / NAME).is_file() else None


def undoing(manifest: Manifest, project: Project) -> Undoing:
    """What takes *manifest* out of *project* again. Changes nothing."""
    texts: dict[str, str] = {}
    stuck: dict[str, tuple[str, ...]] = {}
    for one in reversed(manifest.inserted):
        text = texts.get(one.path, project.text(one.path))
        if text is None or not any(line in text for line in one.texts):
            continue  # somebody took it out by hand
        without = taken_out(text, one.texts)
        untouched = digest(text) == one.after_sha256
        if without is None or (untouched and digest(without) != one.before_sha256):
            stuck[one.path] = one.texts
        else:
            texts[one.path] = without
    for path in stuck:
        texts.pop(path, None)
    there = {path: project.text(path) for path in manifest.written}
    same = [path for path, text in there.items() if text is not None and text == manifest.written[path]]
    changed = [path for path, text in there.items() if text is not None and path not in same]
    return Undoing(texts=texts, removed=tuple(sorted(same)), kept=tuple(sorted(changed)), stuck=stuck)


def write(root: Path, manifest: Manifest) -> None:
    """Keep *manifest* in the project at *root*."""
    (root / NAME).write_bytes(manifest.text.encode())


def digest(text: str) -> str:
    """The sha256 of *text*, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
