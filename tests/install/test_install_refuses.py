"""What cannot be told is said, with what to do by hand; what does not hold is taken back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from textwrap import dedent

import pytest
from tests.install.conftest import Host

PLAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n"
UNCLEAR = {
    "a factory that returns what it makes": (
        "from fastapi import FastAPI\n\n\ndef create_app():\n    return FastAPI()\n",
        "main.py:5 is made in create_app() without a name of its own",
    ),
    "a factory with two ways out": (
        "from flask import Flask\n\ndef create_app(bare=0):\n a = Flask(__name__)\n if bare:\n  return a\n return a\n",
        "does not end with its only `return a`",
    ),
    "an application inside a condition": (
        "import os\nfrom fastapi import FastAPI\n\nif os.environ:\n    app = FastAPI()\n",
        "is made inside an `if`, a `try` or an expression",
    ),
    "an asynchronous factory": (
        "from fastapi import FastAPI\n\n\nasync def create_app():\n    app = FastAPI()\n    return app\n",
        "create_app, which is no plain function",
    ),
    "two applications": (
        "from fastapi import FastAPI\n\nfront = FastAPI()\nback = FastAPI()\n",
        "There is more than one application. Say which: --app main:front",
    ),
    "no framework": ("print('hello')\n", "No web framework was found"),
    "a Parapet object made by hand": (
        f"from parapet import Parapet\n{PLAIN}parapet = Parapet(service='shop')\n",
        "main.py:1 makes a Parapet object already",
    ),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_is_unclear_is_explained_and_not_guessed(case: str, empty: Host) -> None:
    """Nothing is written, and the person reads where and why."""
    text, said = UNCLEAR[case]
    empty.put("main.py", text)
    before = empty.files()
    told = empty.run("install", "--yes")
    assert told.code == 1
    assert said in told.err
    assert "Nothing was written." in told.err
    assert empty.files() == before


ASKED = {
    "flask": "from werkzeug.test import Client\nask = lambda path: Client(app).get(path).status_code\n",
    "fastapi": (
        "import asyncio\n"
        "def ask(path):\n"
        "    said = []\n"
        "    scope = dict(type='http', method='GET', path=path, raw_path=path.encode(), root_path='',\n"
        "                 query_string=b'', headers=[], scheme='http',\n"
        "                 server=('localhost', 80), client=('127.0.0.1', 1))\n"
        "    async def receive():\n"
        "        return dict(type='http.request')\n"
        "    async def send(message):\n"
        "        said.append(message)\n"
        "    asyncio.run(app(scope, receive, send))\n"
        "    return said[0]['status']\n"
    ),
}
SECRETS = {
    "PARAPET_EVIDENCE": "sqlite://",
    "PARAPET_WEBHOOK_TOKEN": "w" * 32,
    "PARAPET_METRICS_TOKEN": "m" * 32,
    "PARAPET_FORM_KEY": "f" * 32,
}


@pytest.mark.parametrize(("framework", "made"), [("flask", "Flask(__name__)"), ("fastapi", "FastAPI()")])
def test_steps_by_hand_are_those_of_the_framework_and_work(framework: str, made: str, empty: Host) -> None:
    """Whoever cannot be helped is told exactly what to write; written, it counts, and every door is closed."""
    factory = f"from {framework} import {made.partition('(')[0]}\n\ndef create_app():\n    return {made}\n"
    empty.put("main.py", factory)
    told = empty.run("install", "--yes")
    blocks = ["".join(group) for is_code, group in groupby(_by_hand(told.err), key=_is_code) if is_code]
    assert "parapet db upgrade --app reliability:parapet" in blocks.pop()
    definitions, attached = (dedent(block) for block in blocks)
    empty.put("reliability.py", definitions)
    code = f"from main import create_app\napp = create_app()\n{attached}\n{ASKED[framework]}"
    for name, value in SECRETS.items():
        code = f"import os; os.environ[{name!r}] = {value!r}\n{code}"
    assert empty.says(f"{code}\nprint(ask('/metrics'), ask('/parapet/'))") == "401 401\n"


def _by_hand(told: str) -> list[str]:
    return told.partition("By hand:\n")[2].splitlines(keepends=True)


def _is_code(line: str) -> bool:
    return line.startswith("      ") or not line.strip()


def test_who_says_which_application_is_heard(empty: Host) -> None:
    """--app decides between several, by object or by factory."""
    empty.put("main.py", UNCLEAR["two applications"][0])
    told = empty.run("install", "--dry-run", "--json", "--app", "main:back").json
    assert "+attach(back)" in told["diff"]
    wrong = empty.run("install", "--dry-run", "--app", "main:side")
    assert "There is no application 'main:side'. Found: main:front, main:back." in wrong.err
    assert "By hand" not in wrong.err


def test_a_server_that_is_told_one_of_several_decides(empty: Host) -> None:
    """What the Procfile starts is the application."""
    empty.put("main.py", UNCLEAR["two applications"][0])
    empty.put("Procfile", "web: uvicorn main:back --port 5000\n")
    told = empty.run("install", "--dry-run", "--json").json
    assert "+attach(back)" in told["diff"]
    assert '+ADDRESS = "127.0.0.1:5000"' in told["diff"]


def test_a_dry_run_and_a_no_write_nothing(empty: Host) -> None:
    """The diff is shown first, and it is asked."""
    empty.put("main.py", PLAIN)
    before = empty.files()
    assert "Nothing was written: this was a dry run." in empty.run("install", "--dry-run").out
    asked = empty.run("install", answer="n\n")
    assert "+from reliability.mounting import attach" in asked.out
    assert "Write this?" in asked.out
    assert "Nothing was written." in asked.out
    assert empty.files() == before


def test_an_application_that_does_not_import_is_left_alone(empty: Host) -> None:
    """Without a proof before there is none afterwards."""
    empty.put("main.py", f"import nothing_of_this_name\n{PLAIN}")
    before = empty.files()
    told = empty.run("install", "--yes")
    assert told.code == 1
    assert "No module named 'nothing_of_this_name'" in told.err
    assert empty.files() == before


STRICT = """
import importlib.util
if importlib.util.find_spec("reliability"):
    raise RuntimeError("not with me")
"""


def test_what_does_not_hold_afterwards_is_taken_back(empty: Host) -> None:
    """It never leaves an application that does not start."""
    empty.put("main.py", PLAIN + STRICT)
    before = empty.files()
    told = empty.run("install", "--yes")
    assert told.code == 1
    assert "With these lines the application does not hold: RuntimeError: not with me" in told.err
    assert "Everything was taken back." in told.err
    assert empty.files() == before


def test_lines_that_were_changed_are_not_taken_out(host: Callable[[str], Host]) -> None:
    """Uninstall removes what it put in, or nothing, and says what is in the way."""
    here = host("fastapi-single")
    assert here.install().code == 0
    main = here.root / "main.py"
    main.write_text(main.read_text().replace("attach(app)\n", "attach(app)  # mine\n"))
    before = here.files()
    told = here.run("uninstall", "--yes")
    assert told.code == 1
    assert "Take out of main.py:" in told.err
    assert "  from reliability.mounting import attach" in told.err
    assert here.files() == before


def test_what_a_person_wrote_since_stays(host: Callable[[str], Host]) -> None:
    """Other lines of the same files are kept, and a changed reliability package is not thrown away."""
    here = host("fastapi-single")
    original = here.files()
    assert here.install().code == 0
    main, journeys = here.root / "main.py", here.root / "reliability" / "journeys.py"
    main.write_text(main.read_text() + "\n# more\n")
    journeys.write_text(journeys.read_text() + "\n# mine\n")
    told = here.run("uninstall", "--yes")
    assert told.code == 1
    assert "You changed reliability/journeys.py" in told.err
    assert here.run("uninstall", "--yes", "--force").code == 0
    assert here.files() == {**original, "main.py": original["main.py"] + b"\n# more\n"}


def test_there_is_nothing_to_take_out_where_nothing_is(empty: Host) -> None:
    """And it says so."""
    told = empty.run("uninstall", "--yes")
    assert told.code == 1
    assert "There is no .parapet-install.json" in told.err


def test_line_ends_and_marks_of_the_host_stay(empty: Host) -> None:
    """A file of Windows keeps its line ends, and what editors put before the first character."""
    Path(empty.root / "main.py").write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode())
    before = empty.files()
    assert empty.install().code == 0
    after = empty.files()["main.py"]
    assert after.startswith(b"\xef\xbb\xbffrom fastapi import FastAPI\r\n")
    assert after.count(b"\n") == after.count(b"\r\n") == 6
    assert empty.run("uninstall", "--yes").code == 0
    assert empty.files() == before
