"""Flags, migrations and whatever else changes, told by the libraries that change it; recorded once, in nobody's way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from parapet.core.errors import ConfigurationError
from parapet.core.guard import swallowed
from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.incidents.model import ChangeKind
from parapet.integrations.openfeature import MOST_FLAGS, FlagChanges, announcements
from parapet.ops.telling import MOST_WAITING, Teller

if TYPE_CHECKING:
    from tests.changes.conftest import Run
    from tests.conftest import Desk

CI = Actor(kind=ActorClass.EXTERNAL, name="ci")
Told: TypeAlias = "list[tuple[str, str, JsonObject | None]]"


class Notes:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: Told = []

    def __call__(
        self,
        kind: str,
        title: str,
        *,
        version: str | None = None,
        by: str = "application",
        details: JsonObject | None = None,
        change_id: str | None = None,
        about: str | None = None,
        apart_seconds: float = inf,
    ) -> None:
        self.told.append((kind, title, details))


@pytest.fixture
def notes() -> Iterator[Notes]:
    """Empty; afterwards OpenFeature is as it was."""
    yield Notes()
    api.clear_hooks()
    api.shutdown()
    api.clear_providers()


def provider(on: bool) -> InMemoryProvider:
    def by_customer(flag: object, context: EvaluationContext) -> FlagResolutionDetails[bool]:
        return FlagResolutionDetails(value=context.targeting_key == "ana", reason=Reason.TARGETING_MATCH)

    variants = {"on": True, "off": False}
    return InMemoryProvider(
        {
            "new-checkout": InMemoryFlag("on" if on else "off", variants),
            "beta": InMemoryFlag("off", variants, context_evaluator=by_customer),
        }
    )


def test_a_flag_that_flips_for_everybody_is_a_change(notes: Notes) -> None:
    """Told once per flip, from the real SDK; asking again tells nothing, and who asks is no flip."""
    api.set_provider(provider(on=False))
    api.add_hooks([FlagChanges(notes)])
    client = api.get_client()
    for _ in range(3):
        assert client.get_boolean_value("new-checkout", False) is False
    assert notes.told == []
    api.set_provider(provider(on=True))
    for name in ("ana", "tom", "ana"):
        client.get_boolean_value("beta", False, EvaluationContext(targeting_key=name))
        assert client.get_boolean_value("new-checkout", False) is True
    expected = {"flag": "new-checkout", "from": "False", "to": "True", "variant": "on"}
    assert notes.told == [("flag", "Flag new-checkout: False to True", expected)]


def test_a_flip_that_every_process_sees_is_one_change(notes: Notes, desk: Desk) -> None:
    """Four processes with hooks of their own, at the same moment and late; there and back and there again are three.

    What a provider announces to all of them is one, too, and what it announces an hour later another."""
    at = desk.clock.now()

    def heard(title: str, about: str, minute: float, apart_seconds: float = inf) -> None:
        desk.changes.mark(
            kind=ChangeKind.FLAG,
            title=title,
            actor=CI,
            occurred_at=at + timedelta(minutes=minute),
            about=about,
            apart_seconds=apart_seconds,
        )

    there, back = "Flag beta: False to True", "Flag beta: True to False"
    crowd = [threading.Thread(target=heard, args=(there, "flag beta", 0.001 * n)) for n in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)
    heard(there, "flag beta", 9)
    heard(there, "flag gamma", 9)
    heard(back, "flag beta", 10)
    heard(there, "flag beta", 9.5)
    heard(there, "flag beta", 11)
    assert [one.title for one in desk.changes.recent()] == [there, back, there, there]
    for minute in (20, 20.5, 80):
        heard("Flag beta changed", "announced beta", minute, 60)
    assert len(desk.changes.recent()) == 6


def test_what_a_provider_announces_is_a_change(notes: Notes) -> None:
    """Its own event, with the flags it names."""
    announcing = provider(on=False)
    api.set_provider(announcing)
    announcements(notes)
    announcing.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=["a", "b"]))
    assert [title for _, title, _ in notes.told] == ["Flag a changed", "Flag b changed"]


def test_a_broken_teller_changes_no_flag(notes: Notes) -> None:
    """The application gets its value; the exception is counted."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    api.add_hooks([FlagChanges(broken)])
    client = api.get_client()
    before = swallowed["openfeature.hook", "RuntimeError"]
    for on in (False, True):
        api.set_provider(provider(on=on))
        assert client.get_boolean_value("new-checkout", not on) is on
    assert swallowed["openfeature.hook", "RuntimeError"] == before + 1


def test_a_host_with_endless_flags_costs_no_endless_memory(notes: Notes) -> None:
    """Flags beyond the ceiling are left alone."""
    hook = FlagChanges(notes)
    for number in range(MOST_FLAGS + 50):
        hook._seen.setdefault(f"{number}", True) if number < MOST_FLAGS else None
    api.set_provider(provider(on=True))
    api.add_hooks([hook])
    api.get_client().get_boolean_value("new-checkout", False)
    assert "new-checkout" not in hook._seen


ALEMBIC = """
from alembic import context
from sqlalchemy import create_engine
from parapet.integrations.alembic import migrations
from reliability import parapet

with create_engine("sqlite:///shop.db").connect() as connection:
    context.configure(connection=connection, on_version_apply=migrations(parapet.changed))
    with context.begin_transaction():
        context.run_migrations()
"""
STEP = """{said}
from alembic import op
import sqlalchemy as sa
revision, down_revision = {revision!r}, {down!r}
def upgrade():
    op.create_table({table!r}, sa.Column("id", sa.Integer))
    {also}
def downgrade():
    op.drop_table({table!r})
"""


SAID = "'Orders get notes'"
"""Where `alembic revision -m` writes it."""


def test_migrations_of_alembic_are_changes_once_they_are_committed(
    run: Run, desk: Desk, tmp_path: Path, break_telling: Callable[[], None]
) -> None:
    """Real `alembic upgrade` and `downgrade`, as processes that end at once; a step that fails tells nothing, and a
    teller that is broken stops no migration."""
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").write_text(ALEMBIC)
    for revision, down, also in (("a1", None, ""), ("b2", "a1", ""), ("c3", "b2", "raise RuntimeError('no')")):
        step = STEP.format(revision=revision, down=down, table=f"t_{revision}", also=also, said=SAID if down else "")
        (tmp_path / "migrations" / "versions" / f"{revision}.py").write_text(step)
    run("-m", "alembic", "upgrade", "b2")
    with pytest.raises(AssertionError, match="RuntimeError: no"):
        run("-m", "alembic", "upgrade", "head")
    run("-m", "alembic", "downgrade", "a1")
    run("-m", "alembic", "upgrade", "b2", "--sql")
    titles = [one.title for one in desk.changes.recent()]
    assert sorted(titles) == ["Migration a1", "Migration b2: Orders get notes", "Migration undone, back to a1"]
    assert {one.kind for one in desk.changes.recent()} == {ChangeKind.MIGRATION}
    break_telling()
    assert "alembic.commit failed and was ignored" in run("-m", "alembic", "upgrade", "b2").stderr
    assert "b2" in run("-m", "alembic", "current").stdout


SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["stock.apps.StockConfig"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
APPS = """
from django.apps import AppConfig
class StockConfig(AppConfig):
    name = "stock"
    def ready(self):
        from parapet.integrations.django_changes import listen
        from reliability import parapet
        listen(parapet.changed)
"""
MODELS = """
from django.db import models
class Item(models.Model):
    pass
"""
FIRST = """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [migrations.CreateModel("Item", [("id", models.BigAutoField(primary_key=True))])]
"""


def test_migrations_of_django_are_changes(
    run: Run, desk: Desk, tmp_path: Path, break_telling: Callable[[], None]
) -> None:
    """Real `manage.py migrate`, there and back; a run that does nothing tells nothing, and a teller that is broken
    stops no migration."""
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "stock" / "migrations").mkdir(parents=True)
    for name, content in (
        ("__init__", ""),
        ("apps", APPS),
        ("models", MODELS),
        ("migrations/__init__", ""),
        ("migrations/0001_first", FIRST),
    ):
        (tmp_path / "stock" / f"{name}.py").write_text(content)
    for arguments in (("migrate",), ("migrate",), ("migrate", "stock", "zero")):
        run("-m", "django", *arguments, "--settings", "settings", "--verbosity", "0")
    titles = [one.title for one in desk.changes.recent()]
    assert sorted(titles) == ["Migration stock.0001_first", "Migration undone: stock.0001_first"]
    break_telling()
    migrate = ("-m", "django", "migrate", "--settings", "settings", "--verbosity", "0")
    assert "django.migrate failed and was ignored" in run(*migrate).stderr


def test_telling_does_not_wait_and_loses_nothing_at_the_end(run: Run, desk: Desk) -> None:
    """A process that tells and ends at once, also in a child that was forked."""
    program = (
        "import os\n"
        "from reliability import parapet\n"
        "parapet.changed('ai_model', 'assistant: model b', version='b')\n"
        "if os.fork() == 0:\n"
        "    parapet.changed('config', 'timeout 5 s')\n"
        "    raise SystemExit\n"
        "os.wait()\n"
    )
    run("-W", "ignore::DeprecationWarning", "-c", program)
    assert sorted(one.title for one in desk.changes.recent()) == ["assistant: model b", "timeout 5 s"]


def test_what_cannot_be_kept_is_counted(desk: Desk) -> None:
    """A full queue drops and counts; an unknown kind is refused with the known ones."""
    held = threading.Event()

    class Slow:
        def mark(self, **_: object) -> None:
            held.wait(30)

    teller = Teller(Slow(), desk.clock)  # type: ignore[arg-type]
    before = swallowed["changes", "Full"]
    for number in range(MOST_WAITING + 10):
        teller.changed("flag", f"{number}")
    assert swallowed["changes", "Full"] > before
    held.set()
    teller.flush()
    with pytest.raises(ConfigurationError, match="deploy"):
        teller.changed("deployment", "x")


def test_changes_and_incidents_name_each_other(run: Run, desk: Desk) -> None:
    """In both directions, with the distance to onset; a change before has its incident after."""
    desk.fire("02:13")
    start = desk.only.started_at
    for minutes, title in ((-4, "Deploy 1.8.2"), (-60 * 30, "Long before"), (2, "Flag off")):
        desk.changes.mark(kind=ChangeKind.DEPLOY, title=title, actor=CI, occurred_at=start + timedelta(minutes=minutes))
    shown = json.loads(run("-m", "parapet", "change", "list", "--json").stdout)
    near = {
        one["title"]: [(it["ref"], it["seconds_from_onset"]) for it in one["incidents"]] for one in shown["changes"]
    }
    assert near == {"Deploy 1.8.2": [("INC-1", -240.0)], "Long before": [], "Flag off": [("INC-1", 120.0)]}
    text = run("-m", "parapet", "change", "list").stdout
    assert "4 min before INC-1" in text
    assert "Marked: Model b." in run("-m", "parapet", "change", "mark", "--kind", "ai_model", "--version", "b").stdout
