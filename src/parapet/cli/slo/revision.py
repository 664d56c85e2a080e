"""The promises of a git revision: its files are exported to a temporary folder, and a process of its own loads them.

    python -m parapet.cli.slo.revision MODULE:OBJECT TREE OUT [ROOT...]

writes to OUT the snapshot of definitions that live beneath TREE, and refuses those that Python finds elsewhere.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from parapet.cli.load import load_app
from parapet.core.codec import decode, encode
from parapet.core.errors import ConfigurationError, MalformedPayload, ParapetError, UnknownName
from parapet.slo.facts import Snapshot, snapshot_of


def snapshot_at(revision: str, app_spec: str) -> Snapshot:
    """The promises that *revision* defines, loaded with the Parapet and the libraries that are installed now.

    Raises:
        ConfigurationError: there is no git, no repository or no such revision, or its definitions cannot be loaded.
    """
    top = Path(_git("rev-parse", "--show-toplevel").strip()).resolve()
    commit = _commit(revision)
    with tempfile.TemporaryDirectory(prefix="parapet-revision-") as folder:
        home = Path(folder).resolve()
        tree, packed, out = home / "tree", home / "tree.tar", home / "snapshot.json"
        _git("-C", str(top), "archive", "--format=tar", "--output", str(packed), commit)
        with tarfile.open(packed) as archive:
            archive.extractall(tree, filter="fully_trusted")  # noqa: S202  # its code is run next anyway
        here = tree / Path.cwd().resolve().relative_to(top)
        if not here.is_dir():
            raise ConfigurationError(f"The folder {Path.cwd()} does not exist in {revision}. Run this where it did.")
        roots = [str(tree / inside) for inside in _inside(top) if (tree / inside).is_dir()]
        command = [sys.executable, "-m", "parapet.cli.slo.revision", app_spec, str(tree), str(out), *roots]
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise ConfigurationError(
                f"The promises of {revision} cannot be loaded: {said} If that revision needs another Parapet or other "
                "libraries, keep a snapshot with `parapet slo list --json` there and compare that."
            )
        return read_snapshot(out)


def read_snapshot(path: Path) -> Snapshot:
    """What `parapet slo list --json` printed into *path*.

    Raises:
        ConfigurationError: it cannot be read, or is something else.
    """
    try:
        document = json.loads(path.read_text())
        return decode(Snapshot, document)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, MalformedPayload) as error:
        raise ConfigurationError(
            f"{path} is not what `parapet slo list --json` of this version prints: {error}"
        ) from error


def _inside(top: Path) -> list[Path]:
    """Where Python looks for modules within the repository, relative to it: a project in `src` stays one."""
    found = [Path(entry).resolve() for entry in sys.path if entry]
    return [entry.relative_to(top) for entry in found if entry.is_relative_to(top)]


def _commit(revision: str) -> str:
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    except ConfigurationError:
        known = _git("for-each-ref", "--format=%(refname:short)").split()
        raise UnknownName.of("revision", revision, ["HEAD", *known]) from None


def _git(*words: str) -> str:
    program = shutil.which("git")
    if program is None:
        raise ConfigurationError("git is not installed. Compare two snapshots of `parapet slo list --json` instead.")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise ConfigurationError(f"git {words[0]} failed: {said[-1] if said else 'it says nothing'}")
    return done.stdout


def _tell(app_spec: str, tree: Path, out: Path) -> None:
    app = load_app(app_spec)
    found = sys.modules[app_spec.partition(":")[0]].__file__
    if found is None or not Path(found).resolve().is_relative_to(tree):
        raise ConfigurationError(
            f"Python finds {app_spec} at {found}, not in the revision's own files. Run this from the project's folder."
        )
    out.write_text(json.dumps(encode(snapshot_of(app.catalog))))


if __name__ == "__main__":
    _, spec, beneath, target, *places = sys.argv
    sys.path[:0] = places
    try:
        _tell(spec, Path(beneath), Path(target))
    except ParapetError as problem:
        sys.exit(problem.message)
