"""What the documentation tells people to type holds: commands exist with their options, code runs, links lead on."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from openfeature import api
from tests.docs.blocks import PAGES, ROOT, Block, blocks_of

from parapet.cli.main import main
from parapet.core.names import TABLE_PREFIX
from parapet.doctor.registry import CHECKS
from parapet.store.schema import metadata

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELLS = ("sh", "bash", "console")
HOW = [block for block in PYTHON if block.page.startswith("docs/how/")]
OF_DJANGO = [block for block in HOW if "django" in block.text.lower()]
RUNS = [block for block in HOW if block not in OF_DJANGO]
DJANGO = """
import json, sys
from pathlib import Path
from django.conf import settings
from django.core.management import call_command
from django.db.models.signals import post_migrate
from django.urls import path
from django.http import HttpResponse
sys.path.insert(0, ".")
from shop import apps, settings as documented
urlpatterns = [path("checkout/", lambda request: HttpResponse("paid"))]
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="k", INSTALLED_APPS=["shop.apps.Shop"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    **{name: value for name, value in vars(documented).items() if name.isupper()},
)
import django
django.setup()
"""
ASKED = """
import asyncio
from asgiref.testing import ApplicationCommunicator
from shop.reliability import parapet
async def ask():
    headers = [(b"host", b"shop.test")]
    scope = {"type": "http", "method": "GET", "path": "/checkout/", "query_string": b"", "headers": headers}
    visit = ApplicationCommunicator(application, scope)
    await visit.send_input({"type": "http.request", "body": b""})
    assert (await visit.receive_output(60))["status"] == 200
    await visit.receive_output(60)
    await visit.wait(60)
asyncio.run(ask())
print(parapet.recorder.render().decode())
"""
"""A project of which the documentation says a part: its settings, its AppConfig, its ASGI application."""


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `parapet` command in a shell block."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True) if line.strip().startswith((".venv/bin/parapet ", "parapet ")) else []
        if words:
            stop = next((at for at, word in enumerate(words) if word in {"|", "&&", ">", ";"}), len(words))
            yield words[1:stop]


def follow(words: list[str]) -> None:
    """Read *words* as the command line would, without running anything.

    Raises:
        click.UsageError: there is no such command or option.
    """
    command: click.Command = main
    context = click.Context(main, info_name="parapet")
    while True:
        options, rest, _ = command.make_parser(context).parse_args(args=list(words))
        del options
        if not isinstance(command, click.Group) or not rest:
            return
        _, found, words = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, click.Context(found, info_name=found.name, parent=context)


@pytest.mark.parametrize(
    "block", [one for one in BLOCKS if one.language in SHELLS and any(commands(one.text))], ids=str
)
def test_every_command_exists(block: Block) -> None:
    """With every option that is shown."""
    for words in commands(block.text):
        try:
            follow(words)
        except click.UsageError as error:
            pytest.fail(f"{block}: parapet {' '.join(words)}: {error.message}")


def test_every_way_out_of_the_doctor_exists() -> None:
    """Where a fix is a command."""
    for check in CHECKS:
        for text in re.findall(r"(?:^|`)(parapet [^`,]+)", check.fix):
            follow(shlex.split(text.replace("{app}", "m:o").replace("{out}", "ops"))[1:])


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_all_python_is_python_and_imports_what_there_is(block: Block) -> None:
    """Every name that is imported from Parapet exists."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "parapet":
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                try:
                    getattr(module, alias.name)
                except AttributeError:
                    importlib.import_module(f"{node.module}.{alias.name}")


@pytest.mark.parametrize("block", RUNS, ids=str)
def test_code_of_the_how_tos_runs(
    block: Block, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands, beside a database whose schema is up to date."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evidence.db").write_bytes(sqlite_template.read_bytes())
    text = block.text.replace("9100", "0")
    scope: dict[str, object] = {"__name__": "documented"}
    exec(compile(text, str(block), "exec"), scope)
    if "multiprocess_dir" in text:
        assert scope["parapet"]
    if "openfeature" in text:
        api.clear_hooks()


def project(folder: Path, rest: str, *, settings: str, apps: str) -> str:
    """What a Django project prints whose parts are blocks of the documentation."""
    (folder / "shop").mkdir()
    for name, text in {"__init__": "", "settings": settings, "apps": apps}.items():
        (folder / "shop" / f"{name}.py").write_text(text)
    (folder / "shop" / "reliability.py").write_text('from parapet import Parapet\nparapet = Parapet(service="shop")\n')
    (folder / "project.py").write_text(DJANGO + rest)
    command = [sys.executable, "project.py"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_what_the_how_tos_say_of_django_holds(tmp_path: Path) -> None:
    """Each block is a part of a project that runs: requests and statements are counted, migrations are told."""
    settings, wrapped = (one.text for one in OF_DJANGO if one.page == "docs/how/web.md")
    [databases] = (one.text for one in OF_DJANGO if one.page == "docs/how/databases.md")
    [changes] = (one.text for one in OF_DJANGO if one.page == "docs/how/changes.md")
    assert len(OF_DJANGO) == 4
    plain = "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
    folders = [tmp_path / name for name in ("web", "databases", "changes")]
    for folder in folders:
        folder.mkdir()
    said = project(folders[0], wrapped + ASKED, settings=settings, apps=plain)
    assert 'parapet_http_request_duration_seconds_count{method="GET",route="/checkout/",status_class="2xx"} 1' in said
    queried = (
        "from django.db import connection\nconnection.cursor().execute('select 1')\n"
        "print(apps.parapet.recorder.render().decode())\n"
    )
    said = project(folders[1], queried, settings="", apps=databases)
    assert 'engine="default"' in said
    told = "call_command('migrate', verbosity=0)\nprint([key[0] for key, *_ in post_migrate.receivers])\n"
    assert "parapet.migrations" in project(folders[2], told, settings="", apps=changes)


def test_every_library_that_is_measured_has_its_how_to() -> None:
    """By the name that is imported."""
    said = "".join(path.read_text() for path in PAGES)
    folder = ROOT / "src" / "parapet" / "integrations"
    shared = {
        "__init__",
        "changes",
        "databases",
        "jobs",
        "lanes",
        "arq_tries",
        "celery_backlog",
        "django_routes",
        "job_actions",
    }
    for path in sorted(folder.glob("*.py")):
        if path.stem not in shared and not path.stem.endswith("_actions"):
            assert f"parapet.integrations.{path.stem}" in said, path.stem


def test_the_symptoms_are_those_that_people_see() -> None:
    """What is quoted is said somewhere, word for word; every part of the doctor that can hurt is a way out of one."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    folder = ROOT / "src" / "parapet"
    said = "".join(path.read_text() for kind in ("*.py", "*.html") for path in sorted(folder.rglob(kind)))
    quoted = re.findall(r'"([^"\n]+)"', page)
    assert len(quoted) > 15
    assert [one for one in quoted if one not in said] == []
    linked = {code.upper() for code in re.findall(r"doctor\.md#(\w+)", page)}
    assert {code[:3] for code in linked} >= {
        "PD1",
        "PD3",
        "PD4",
        "PD5",
        "PD6",
        "PD7",
        "PD8",
        "PD9",
        "PDA",
        "PDB",
        "PDC",
        "PDE",
        "PDF",
    }


def test_it_is_said_of_every_table_how_long_its_rows_are_kept() -> None:
    """And of no other."""
    text = (ROOT / "docs" / "evidence.md").read_text()
    rows = text.partition("| tables (")[2].partition("\n\n")[0].splitlines()[2:]
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(f"{TABLE_PREFIX}{name}" for name in told) == sorted(metadata.tables)


def test_the_figures_of_the_readme_are_those_that_were_measured() -> None:
    """What a request pays, rounded as it is written; the table of the benchmarks was printed by a program."""
    printed = (ROOT / "docs" / "benchmarks.md").read_text()
    rows = re.findall(
        r"^\| (Starlette|FastAPI|Flask|Django) \| (.+?) \| (.+?) \|$", (ROOT / "README.md").read_text(), re.M
    )
    assert len(rows) == 4
    for framework, ours, peers in rows:
        alone, many = (_measured(printed, f"{framework.lower()}, 20 routes{more}") for more in ("", ", many processes"))
        said = re.match(r"([\d.]+), many ([\d.]+)", ours)
        assert said is not None
        assert (f"{alone['Parapet']:.1f}", f"{many['Parapet']:.1f}") == said.groups(), framework
        for name, number in re.findall(r"([\w' -]+?) (\d+)(?:, |$)", peers):
            row = {"OpenTelemetry": "OpenTelemetry instrumentation"}.get(name, name)
            row = row.replace("its own OpenTelemetry metrics", "FastAPI's native OpenTelemetry, metrics only")
            assert f"{alone[row]:.0f}" == number, (framework, name)


def _measured(printed: str, heading: str) -> dict[str, float]:
    """Contestant -> microseconds added, of the table that begins with *heading*."""
    table = re.search(rf"^{re.escape(heading)} {{2,}}added us.*?\n(?:the same|\n)", printed, re.M | re.S)
    assert table is not None, heading
    return {name: float(number) for name, number in re.findall(r"^(\S.*?) {2,}(-?[\d.]+) ", table[0], re.M)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built; a link or an anchor that leads nowhere is an error."""
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return folder


def test_the_site_is_whole_and_loads_nothing_from_elsewhere(site: Path) -> None:
    """No script, no font, no picture of somebody else: it can be read from a disk."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) >= 30
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        for address in re.findall(r'<(?:link|img|script|iframe)[^>]+(?:src|href)="([^"]+)"', text):
            assert not address.startswith(("http:", "https:", "//")), address
            assert (page.parent / address).resolve().exists(), address
        assert "<!-- run" not in text
    shown = "".join(page.read_text() for page in pages)
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.name in shown, picture.name
    style = (site / "css" / "site.css").read_text()
    assert "url(" not in style
    assert "@import" not in style
    assert (site / "changelog.html").exists()
