"""The workbench in a host's own looks; and the contract between templates and what they are given."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from jinja2 import Environment
from jinja2.nodes import Assign, Const, Expr, For, Getattr, Include, Macro, Name, Node

from parapet.cli.main import main
from parapet.core import guard
from parapet.core.errors import ConfigurationError
from parapet.web import Looks, workbench
from parapet.web.contexts import CONTEXTS, context_of
from parapet.web.render import TEMPLATES
from parapet.web.views.chrome import Chrome

if TYPE_CHECKING:
    from tests.web.conftest import Shop

LANGUAGE = Environment()
LANGUAGE.filters |= dict.fromkeys(("timed",), str)
Known: typing.TypeAlias = "dict[str, tuple[object, ...]]"


def gen(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["gen", "ui", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def dressed(shop: Shop, looks: Looks) -> str:
    from tests.web.conftest import who_is_it

    shop.host.mount("/dressed", workbench(shop.parapet, authenticate=who_is_it, looks=looks))
    answer = shop.browser().get("/dressed/")
    assert answer.status == 200
    return answer.text


def test_only_what_was_asked_for_is_written_and_the_workbench_wears_it(shop: Shop, tmp_path: Path) -> None:
    """A style sheet, a logo, one template that extends ours; the rest stays ours and moves on with us."""
    looks = tmp_path / "looks"
    assert "home.html" in gen()
    gen("tokens", "logo", "changes.html", "--to", str(looks))
    assert sorted(str(path.relative_to(looks)) for path in looks.rglob("*.*")) == [
        "logo.svg",
        "looks.css",
        "templates/changes.html",
    ]
    (looks / "templates" / "home.html").write_text(
        '{% extends "parapet/home.html" %}{% block main %}<p>On call: +49 30 123</p>{{ super() }}{% endblock %}'
    )
    page = dressed(shop, Looks(folder=looks, name="Acme"))
    assert "On call: +49 30 123" in page
    assert "<title>Journeys · Acme</title>" in page
    style = re.search(r'href="\./(static/looks\.css\?v=[0-9a-f]+)"', page)
    logo = re.search(r'src="\./(static/logo\.svg\?v=[0-9a-f]+)"', page)
    assert style is not None
    assert logo is not None
    for found in (style, logo):
        assert shop.browser(who=None).get(f"/dressed/{found[1]}").status == 200
    assert "static/looks.css" not in shop.browser().get("/parapet/").text


def test_a_template_that_names_what_is_gone_makes_way_for_ours(shop: Shop, tmp_path: Path) -> None:
    """After an upgrade, at night: the page is shown as it comes, and that it was is counted."""
    (tmp_path / "templates").mkdir()
    for name, text in (("home.html", "<p>{{ view.no_more }}</p>"), ("inbox.html", "{% broken %}")):
        (tmp_path / "templates" / name).write_text(text)
    before = Counter(guard.swallowed)
    page = dressed(shop, Looks(folder=tmp_path, name="Acme"))
    assert "<title>Journeys · Acme</title>" in page
    assert shop.browser().get("/dressed/inbox").status == 200
    assert Counter(guard.swallowed) - before == {
        ("the host's looks", "UndefinedError"): 1,
        ("the host's looks", "TemplateSyntaxError"): 1,
    }


def test_every_token_is_offered_and_none_is_set(tmp_path: Path) -> None:
    """The file changes nothing until a line is taken out of its comment."""
    gen("tokens", "--to", str(tmp_path))
    style = (tmp_path / "looks.css").read_text()
    for token in ("--accent:", "--page-solid:", "--sans:", "--r2:"):
        assert f"/* {token}" in style
    assert re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL).split() == [":root", "{", "}"]


def test_what_is_there_is_not_written_over_and_what_is_behind_is_named(tmp_path: Path) -> None:
    """Files are the host's: nothing is lost without --force, and --check says what ours has become since."""
    gen("home.html", "--to", str(tmp_path))
    again = CliRunner().invoke(main, ["gen", "ui", "home.html", "--to", str(tmp_path)])
    assert again.exit_code == 1
    assert "there already" in again.output
    assert "Nothing is behind" in gen("--check", "--to", str(tmp_path))
    made = tmp_path / "templates" / "home.html"
    made.write_text(re.sub(r"[0-9a-f]{12}", "0" * 12, made.read_text(), count=1))
    behind = CliRunner().invoke(main, ["gen", "ui", "--check", "--to", str(tmp_path)])
    assert behind.exit_code == 1
    assert "changed since" in behind.output
    assert CliRunner().invoke(main, ["gen", "ui", "nothing.html"]).exit_code == 2


@pytest.mark.parametrize("given", [{"name": ""}, {"name": "x" * 41}, {"folder": Path("/nowhere/at/all")}])
def test_looks_that_cannot_be_worn_are_refused_in_words(given: dict[str, typing.Any]) -> None:
    """At construction, with a way out."""
    with pytest.raises(ConfigurationError):
        Looks(**given)


def test_every_template_has_a_documented_context() -> None:
    """A frozen dataclass with a docstring, and so is every dataclass it is made of: what hosts may rely on."""
    pages = {path.name for path in TEMPLATES.glob("*.html") if not path.name.startswith("_")}
    assert pages == set(CONTEXTS)
    for kind in {each for name in CONTEXTS for each in context_of(name)}:
        assert kind.__doc__, kind
        assert not kind.__doc__.startswith(f"{kind.__name__}("), f"{kind} has no docstring of its own"
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(CONTEXTS))
def test_a_template_uses_only_what_its_context_has(name: str) -> None:
    """Whatever it names exists, in its loops and in the parts that it includes, too: a context cannot lose it."""
    reading = Reading(name)
    reading.template(name, {"view": (CONTEXTS[name],), "chrome": (Chrome,)})
    assert reading.missing == []
    assert reading.found > 0


class Reading:
    """Follows what a template names through the types of its context."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.missing: list[str] = []
        self.found = 0

    def template(self, name: str, known: Known) -> None:
        """Everything that stands in one file."""
        self.nodes(LANGUAGE.parse((TEMPLATES / name).read_text()).body, dict(known))

    def nodes(self, nodes: typing.Iterable[Node], known: Known) -> None:
        """In the order in which they stand: what is set holds for those after it."""
        for node in nodes:
            match node:
                case For(target=Name() as target):
                    self.kinds(node.iter, known)
                    inside = known | {target.name: self.each(node.iter, known), "loop": ()}
                    self.nodes([*([node.test] if node.test else []), *node.body, *node.else_], inside)
                case For():
                    self.kinds(node.iter, known)
                    names = {one.name: () for one in node.target.find_all(Name)}
                    self.nodes([*node.body, *node.else_], known | names)
                case Macro():
                    self.nodes(node.body, known | {one.name: () for one in node.args})
                case Assign(target=Name() as target):
                    known[target.name] = self.kinds(node.node, known)
                case Include(template=Const() as other):
                    self.template(other.value, known)
                case Expr():
                    self.kinds(node, known)
                case _:
                    self.nodes(node.iter_child_nodes(), known)

    def kinds(self, node: Node, known: Known) -> tuple[object, ...]:
        """The types that an expression may have; none: that is not followed."""
        match node:
            case Name():
                return known.get(node.name, ())
            case Getattr():
                before = [one for one in self.kinds(node.node, known) if dataclasses.is_dataclass(one)]
                after = [found for kind in before for found in _of(kind, node.attr)]
                if before:
                    self.found += 1
                    self.missing += [] if after else [f"{self.name}: {before} has no {node.attr!r}"]
                return tuple(after)
            case _:
                for child in node.iter_child_nodes():
                    self.kinds(child, known)
                return ()

    def each(self, node: Node, known: Known) -> tuple[object, ...]:
        """The types of what an expression is a row of."""
        rows = self.kinds(node, known)
        return tuple(found for kind in rows for found in typing.get_args(kind) if found is not ...)


def _of(kind: object, field: str) -> list[object]:
    """The types that *field* of *kind* may have, without None."""
    assert isinstance(kind, type)
    hints = typing.get_type_hints(kind)
    if field not in hints:
        return [object] if hasattr(kind, field) else []
    hint = hints[field]
    several = typing.get_args(hint) if typing.get_origin(hint) in {typing.Union, types.UnionType} else (hint,)
    return [each for each in several if each is not type(None)]
