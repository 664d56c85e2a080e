"""Carries a plan out in the host: a proof before, the files, a proof after, and everything back if it does not hold."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parapet import __version__
from parapet.core.errors import ConfigurationError
from parapet.install import again
from parapet.install import manifest as manifests
from parapet.install.carry import write_all
from parapet.install.manifest import Manifest
from parapet.install.plan import USUAL, Plan, plan
from parapet.install.project import Project
from parapet.install.proof import Proof, Subject, prove

OUT = "ops"
LIMIT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Whose files these are."""

    project: Project
    python: str
    before: Manifest | None
    """What an earlier install left."""

    @classmethod
    def at(cls, folder: Path, python: str) -> Host:
        """The host in *folder*."""
        project = Project(folder)
        return cls(project=project, python=python, before=manifests.read(project))

    def planned(
        self, app: str | None, service: str | None, also: tuple[str, ...] = (), skip: tuple[str, ...] = ()
    ) -> Plan:
        """What there is to do now. What an earlier install was told holds unless it is said anew.

        Raises:
            Unclear: it cannot be told where something goes.
        """
        before = self.before.options if self.before else {}
        told = before.get("parts")
        usual = frozenset(told) if isinstance(told, list) else USUAL
        project = again.without_earlier(self.project, self.before) if self.before else self.project
        planned = plan(
            project,
            app=app or _text(before, "app"),
            service=service or _text(before, "service"),
            address=_text(before, "address"),
            parts=(usual | set(also)) - set(skip),
            known=self.before.written if self.before else {},
        )
        return again.left_to_do(planned, self.project, self.before) if self.before else planned

    def says(self, planned: Plan, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What `parapet ARGUMENTS` says in the host's Python, about its Parapet object."""
        return subprocess.run(
            [self.python, "-m", "parapet", *arguments, "--app", planned.app],
            cwd=self.project.root / planned.target.import_folder,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )


def subject_of(host: Host, planned: Plan) -> Subject:
    """What the proofs ask."""
    target = planned.target
    return Subject(
        python=host.python,
        folder=host.project.root / target.import_folder,
        kind=target.kind,
        served=target.served,
        is_called=target.is_called,
        settings=target.settings,
    )


def proved_before(subject: Subject) -> Proof:
    """The proof that the application imports as it is: without it, none could be had afterwards.

    Raises:
        ConfigurationError: it does not, or Parapet is not installed beside it.
    """
    first = prove(subject)
    if not first.has_parapet:
        raise ConfigurationError(
            f"{subject.python} has no Parapet, and your application will import it. Nothing was written. Install it "
            f"there: {subject.python} -m pip install parapet-ops; or say which Python runs your application: "
            "--python .venv/bin/python"
        )
    if not first.imported:
        raise ConfigurationError(
            f"{subject.served} does not import here as it is, so nothing could be proved afterwards, and nothing was "
            f"written: {first.error}\n{first.trace}\nRun this where it does, with the environment that it needs."
        )
    return first


def carry_out(host: Host, planned: Plan, subject: Subject, first: Proof, *, app: str | None) -> Proof:
    """Write everything; the proof that the application holds with it.

    Raises:
        ConfigurationError: it does not, and everything was taken back.
    """
    texts: dict[str, str | None] = {edit.path: edit.after for edit in planned.edits}
    texts |= planned.written | dict(planned.merges)
    found: list[Proof] = []

    def holds() -> bool:
        last = prove(subject)
        found.append(last)
        # Asked before it was started, an application may have no answer for anybody; that it imports is all there is.
        silent = first.status is None and last.status is None
        return last.imported and (last.mounted or silent)

    texts[manifests.NAME] = _manifest(host, planned, app).text
    if not write_all(host.project.root, texts, holds=holds):
        last = found[-1]
        what = last.error or f"/metrics was answered with {last.status}."
        raise ConfigurationError(
            f"With these lines the application does not hold: {what}\nEverything was taken back.\n{last.trace}".rstrip()
        )
    return found[-1]


def pending(host: Host, planned: Plan) -> list[str]:
    """Steps of the evidence database's schema that are not applied.

    Raises:
        ConfigurationError: it cannot be asked.
    """
    return list(_json(host.says(planned, "db", "check", "--json"))["pending"])


def drift(host: Host, planned: Plan, out: str) -> str:
    """How the generated files in *out* differ from what would be generated now, as a diff.

    Raises:
        ConfigurationError: it cannot be told.
    """
    folder = str(host.project.root / out)
    return str(_json(host.says(planned, "generate", "--out", folder, "--check", "--json"))["diff"])


def finish(host: Host, planned: Plan, *, evidence: bool, artifacts: bool, out: str = OUT) -> dict[str, str]:
    """Create the schema and generate the artifacts; what each said, `failed: ...` if it could not."""
    told = {}
    if evidence:
        told["evidence"] = _last(host.says(planned, "db", "upgrade"))
    if artifacts:
        told["artifacts"] = _last(host.says(planned, "generate", "--out", str(host.project.root / out)))
    return told


def _manifest(host: Host, planned: Plan, app: str | None) -> Manifest:
    before = host.before or Manifest(app=planned.app, import_folder=planned.target.import_folder)
    options = planned.wanted.kept | {"parts": sorted(planned.parts), "app": app or _text(before.options, "app")}
    replaced = {edit.path for edit in planned.edits} & set(planned.present)
    kept = before.with_more(dict(planned.bases), planned.edits, instead_of=replaced)
    out = OUT if "artifacts" in planned.parts else kept.out
    return replace(kept, options=options, out=out, host=planned.target.host, version=__version__)


def _text(told: Mapping[str, object], name: str) -> str | None:
    found = told.get(name)
    return found if isinstance(found, str) else None


def _json(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(run.stdout)
    except ValueError as error:
        raise ConfigurationError(f"Your Parapet object cannot be asked:\n{run.stderr.strip()}") from error
    return found


def _last(run: subprocess.CompletedProcess[str]) -> str:
    last = (run.stdout if run.returncode == 0 else run.stderr).strip().splitlines()[-1:]
    return ("" if run.returncode == 0 else "failed: ") + "".join(last)
