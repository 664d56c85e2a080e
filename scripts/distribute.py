"""Builds wheel and sdist into dist/, checks what is in them, and says how large they are and what importing costs."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
MOST_WHEEL_BYTES = 1_500_000
NEEDED = ("parapet/py.typed", "parapet/store/migrations/versions/v0001_walking_loop.py", "parapet/web/templates/")
"""Without these an installed Parapet does not work, or is not typed."""
UNWANTED = ("tests/", "examples/", "benchmarks/", "docs/", ".github/", "var/")
IMPORTS = (
    "import parapet",
    "from parapet import Parapet; Parapet(service='shop').journey('login', objective=0.99)",
    "from parapet.web import workbench",
)
ROUNDS = 7


def build(folder: Path = DIST) -> tuple[Path, Path]:
    """Fresh wheel and sdist in *folder*; the wheel is made from the sdist: whoever builds from it gets the same."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), "--no-isolation", str(ROOT)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def problems(wheel: Path, sdist: Path) -> list[str]:
    """What is wrong with them."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        metadata = HeaderParser().parsestr(
            opened.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()
        )
    with tarfile.open(sdist) as opened_sdist:
        packed = [name.partition("/")[2] for name in opened_sdist.getnames()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
    sources = {name for name in sources if "__pycache__" not in name and not name.endswith(".pyc")}
    found = [f"the wheel lacks {name}" for name in NEEDED if not any(one.startswith(name) for one in names)]
    found += [f"the wheel lacks {name}" for name in sorted(sources - {*names})]
    found += [
        f"the wheel holds {name}" for name in names if not name.startswith("parapet") or name.startswith(UNWANTED)
    ]
    found += [f"the sdist holds {name}" for name in packed if name.startswith(UNWANTED)]
    found += [f"the sdist lacks src/{name}" for name in sorted(sources) if f"src/{name}" not in packed]
    found += [f"the sdist lacks {name}" for name in ("LICENSE", "README.md", "CHANGELOG.md") if name not in packed]
    if metadata["Version"] != project["version"]:
        found.append(f"the wheel says version {metadata['Version']}, pyproject.toml {project['version']}")
    if metadata["License-Expression"] != project["license"]:
        found.append("the wheel does not say its license")
    if wheel.stat().st_size > MOST_WHEEL_BYTES:
        found.append(f"the wheel has {wheel.stat().st_size:,} bytes, more than {MOST_WHEEL_BYTES:,}")
    return found


def import_milliseconds(statement: str) -> float:
    """The median time that *statement* takes in a fresh process, without starting Python itself."""
    code = f"from time import perf_counter as now; a = now()\n{statement}\nprint(now() - a)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return statistics.median(times) * 1_000


def main() -> int:
    """Build, check, tell; the exit status."""
    wheel, sdist = build()
    found = problems(wheel, sdist)
    for one in found:
        print(f"wrong: {one}", file=sys.stderr)
    for path in (wheel, sdist):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1_000:,.0f} kB")
    for statement in IMPORTS:
        print(f"{import_milliseconds(statement):6.0f} ms  {statement}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
