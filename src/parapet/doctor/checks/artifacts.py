"""Generated files: whether Prometheus and Alertmanager run what the definitions say."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade, Place
from parapet.doctor.gathered.overrides import behind, is_marked

RULES = ("recording.yml", "alerts.yml")


@check(
    "PD901",
    Grade.ERROR,
    "The generated files differ from the definitions",
    why="Prometheus judges by what was promised before.",
    fix="parapet generate --app {app} --out {out}, and commit what it writes.",
)
def drift(facts: Facts) -> Iterator[Found]:
    """A line for each slice or file that differs."""
    for line in facts.generated.differing:
        yield Found(what=f"{line}.")


@check(
    "PD902",
    Grade.ERROR,
    "Nothing was generated",
    why="Without rules Prometheus judges nothing, and nobody is told.",
    fix="parapet generate --app {app} --out {out}",
)
def absent(facts: Facts) -> Iterator[Found]:
    """No file of ours in the folder."""
    if facts.catalog.judged and not facts.generated.present and facts.generated.problem is None:
        yield Found(what=f"{facts.out} holds no generated file.", fix=None)


@check(
    "PD903",
    Grade.ERROR,
    "Nothing can be generated",
    why="Without rules Prometheus judges nothing, and nobody is told.",
    fix="Change what the message names.",
)
def impossible(facts: Facts) -> Iterator[Found]:
    """The generator refuses the wiring or the policy."""
    if facts.refused is None and facts.catalog.judged and facts.generated.problem is not None:
        yield Found(what=facts.generated.problem)


@check(
    "PD904",
    Grade.WARN,
    "Generated files are not in git",
    why="Nobody can review a change of a promise, and a new machine has no rules.",
    fix="git add {out}",
)
def untracked(facts: Facts) -> Iterator[Found]:
    """They lie in the repository, and git does not know them."""
    out, folder = facts.out.resolve(), facts.folder.resolve()
    if not facts.tracked or not facts.generated.present or not out.is_relative_to(folder):
        return
    below = out.relative_to(folder).as_posix()
    missing = [name for name in facts.generated.texts if f"{below}/{name}" not in facts.tracked_names]
    if missing:
        yield Found(what=f"{len(missing)} files of {below}, such as {missing[0]}, are not tracked.")


@check(
    "PD905",
    Grade.WARN,
    "No pipeline compares the generated files",
    why="A promise that is changed in code and not in the rules is found during an outage.",
    fix="Run in the pipeline: parapet generate --app {app} --out {out} --check",
)
def unchecked(facts: Facts) -> Iterator[Found]:
    """There are pipelines, and none runs --check, nor the doctor."""
    pipelines = facts.deployment.pipelines
    compared = facts.deployment.checks_files or any("parapet doctor" in file.text for file in pipelines)
    if pipelines and facts.catalog.judged and not compared:
        yield Found(what=f"{pipelines[0].path} does not.", place=Place(path=pipelines[0].path))


@check(
    "PD906",
    Grade.ERROR,
    "The host's Prometheus does not read the rules",
    why="Rules that nobody evaluates never fire.",
    fix="Name {out}/prometheus/recording.yml and alerts.yml under rule_files.",
)
def rules_not_read(facts: Facts) -> Iterator[Found]:
    """A prometheus.yml of the host whose rule_files name none of ours."""
    for file in facts.files:
        named = all(name in file.text for name in RULES) or "*.yml" in file.text or "*.yaml" in file.text
        if _configures_prometheus(file.name, file.text) and not named:
            yield Found(what=f"{file.path} names no {' or '.join(RULES)}.", place=Place(path=file.path))


@check(
    "PD907",
    Grade.ERROR,
    "The host's Prometheus knows no Alertmanager",
    why="Alerts fire, and are told to nobody.",
    fix="alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:9093']}]}]}",
)
def no_alertmanager(facts: Facts) -> Iterator[Found]:
    """A prometheus.yml of the host without alerting."""
    for file in facts.files:
        if _configures_prometheus(file.name, file.text) and "alertmanagers:" not in file.text:
            yield Found(what=f"{file.path} has no alerting section.", place=Place(path=file.path))


@check(
    "PD908",
    Grade.ERROR,
    "The host's Alertmanager tells Parapet nothing",
    why="Alerts fire, and no incident opens.",
    fix="Take in {out}/alertmanager/fragment.yml.",
)
def no_receiver(facts: Facts) -> Iterator[Found]:
    """An alertmanager.yml of the host without our receiver."""
    for file in facts.files:
        told = "/hooks/alertmanager" in file.text or f"parapet-{facts.app.service}" in file.text
        if file.name in {"alertmanager.yml", "alertmanager.yaml"} and "receivers:" in file.text and not told:
            yield Found(what=f"{file.path} has no receiver of ours.", place=Place(path=file.path))


@check(
    "PD909",
    Grade.WARN,
    "A template of yours is behind Parapet's",
    why="It shows less than there is by now. Where it names what is gone, the page comes without what you made of it.",
    fix="parapet gen ui --check --to FOLDER says what to compare it with; gen ui NAME --force writes it anew.",
)
def old_template(facts: Facts) -> Iterator[Found]:
    """Made by `parapet gen ui` from a template that has changed since."""
    for file in facts.files:
        if file.name.endswith(".html") and is_marked(file.text) and (why := behind(file.name, file.text)) is not None:
            yield Found(what=f"{why}.", place=Place(path=file.path))


def _configures_prometheus(name: str, text: str) -> bool:
    return name in {"prometheus.yml", "prometheus.yaml"} and "scrape_configs" in text
