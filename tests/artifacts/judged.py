"""The real tools, and what they say of a catalog."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from parapet.artifacts.bundle import PARTS, build
from parapet.artifacts.files import write
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.slice import Slice

RULES_AND_TESTS = tuple(part for part in PARTS if part.name in {"rules", "tests"})
EVERY_SLICE = os.environ.get("PARAPET_SLICES") == "all"
"""Whether all generated tests of every slice are run; else half of those of some of each kind, in turn."""


def tool(*command: str, cwd: Path) -> str:
    """Runs a program and returns what it printed; fails with its output if it does not exit with 0."""
    if shutil.which(command[0]) is None:
        message = f"{command[0]} is not installed (Debian: prometheus, prometheus-alertmanager)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def evaluation_order(*rule_files: str) -> list[str]:
    """The groups of rule files, by their text, as they are evaluated: without an order promtool draws one.

    What is recorded late is judged an evaluation late.
    """
    return [group["name"] for text in rule_files for group in read(text)["groups"]]


def read(text: str) -> Any:
    """What YAML says, read by libyaml: rules are long."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


def dumped(node: object) -> str:
    """The other way round."""
    text: str = yaml.dump(node, Dumper=yaml.CSafeDumper, sort_keys=False)
    return text


def put(folder: Path, texts: Mapping[str, str]) -> None:
    """Files of a test's own, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)


def depended_on(rule_files: Mapping[str, str], queries: Iterable[str]) -> dict[str, str]:
    """Rule files, by name, with the rules that alerts or *queries* read, through others too, and without texts.

    What nobody asks about costs promtool as much as what is asked: every rule at every evaluation, and the texts of
    each alert that fires. Rules of the others, and all texts, are judged where somebody does ask about them.
    """
    files = {name: read(text) for name, text in rule_files.items()}
    groups = [group for file in files.values() for group in file["groups"]]
    rules = [rule for group in groups for rule in group["rules"]]
    recorded: dict[str, list[str]] = {}
    for rule in rules:
        if "record" in rule:
            recorded.setdefault(rule["record"], []).append(rule["expr"])
    needed: set[str] = set()
    pending = [*queries, *(rule["expr"] for rule in rules if "alert" in rule)]
    while pending:
        found = recorded.keys() & set(re.findall(r"[a-zA-Z_:][\w:]*", pending.pop())) - needed
        needed |= found
        pending += [expr for name in found for expr in recorded[name]]
    for group in groups:
        group["rules"] = [rule for rule in group["rules"] if rule.get("record", "") in needed or "alert" in rule]
        for rule in group["rules"]:
            rule.pop("annotations", None)
    return {name: dumped(file) for name, file in files.items()}


def one_of_each_kind(catalog: Catalog) -> frozenset[str]:
    """The name of one slice of each kind. Which one changes with their rules, so that in time it is the turn of all."""

    def drawn(one: Slice) -> str:
        alone = replace(catalog, slices=(one,), diagnostics=())
        return sha256("".join(build(alone, Wiring(), RULES_AND_TESTS).values()).encode()).hexdigest()

    kinds = {(one.sli.kind, bool(one.group_by)) for one in catalog}
    return frozenset(
        min((one for one in catalog if (one.sli.kind, bool(one.group_by)) == kind), key=drawn).name for kind in kinds
    )


def run_tests(rules: Path, turn: int = 0) -> None:
    """Runs every other one of the generated tests in a folder, beginning with the first or the second; or all."""
    if not EVERY_SLICE:
        document = read((rules / "tests.yml").read_text())
        put(rules, {"tests.yml": dumped({**document, "tests": document["tests"][turn % 2 :: 2]})})
    assert "SUCCESS" in tool("promtool", "test", "rules", "tests.yml", cwd=rules)


def unit_tests_hold(catalog: Catalog, folder: Path, *, of: Container[str] | None = None) -> None:
    """Checks the rules of a catalog, and runs the tests of its slices, each alone: every test evaluates every rule.

    One slice has every other of its tests run, beginning with the first, the next one the rest; `make slices` runs all.

    Args:
        of: the names of the slices whose tests are run; None: of all.
    """
    turn = 0
    write(folder, build(catalog, Wiring(), RULES_AND_TESTS))
    assert "SUCCESS" in tool("promtool", "check", "rules", "recording.yml", "alerts.yml", cwd=folder / "prometheus")
    for one in catalog:
        alone = replace(catalog, slices=(one,), diagnostics=())
        write(folder / one.name, build(alone, Wiring(), RULES_AND_TESTS))
        rules = folder / one.name / "prometheus"
        tests = (rules / "tests.yml").read_text()
        assert f"{one.name}: a total outage must raise a " in tests
        assert "not tested here" not in tests
        if of is None or one.name in of:
            run_tests(rules, turn)
            turn += 1
