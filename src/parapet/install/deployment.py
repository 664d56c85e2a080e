"""The worker, the schema and the deploy marker in files that start the service, where those have a place for them."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from parapet.install import compose, shared, workers
from parapet.install.edits import Edit, Insertion, line_starts, lines_of, newline_of
from parapet.install.libraries import deployments
from parapet.install.project import Project

WORKER = "parapet_worker"
SERVERS = re.compile(
    r"\b(uvicorn|gunicorn|hypercorn|daphne|granian|waitress-serve|uwsgi|flask|fastapi|runserver|python)\b"
)
KEPT_IN_UNITS = ("User", "Group", "DynamicUser", "WorkingDirectory", "Environment", "EnvironmentFile", "StateDirectory")
VERSION = '"${HEROKU_RELEASE_VERSION:-$(date -u +%Y-%m-%dT%H%M%S)}"'
"""What a release is called, where whoever releases it says nothing."""
PRIVATE = re.compile(r"(?m)^PrivateTmp=(true|yes|on|1)\s*$")
EPHEMERAL = frozenset({"Procfile", "Heroku", "Fly", "compose", "Dockerfile"})
APART = frozenset({"Heroku", "Fly", "Dockerfile"})
"""Where each process has files of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is started."""

    app: str
    """`shop.reliability:parapet`."""
    module: str
    """What servers are told: `shop.main`."""
    import_folder: str
    rq_class: str | None = None


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What goes into the files, and what a person does."""

    edits: list[Edit] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    by_hand: list[str] = field(default_factory=list)


def deployment(project: Project, service: Service) -> Deployment:
    """The worker and the marker, in every file that starts the service. Files that have them are left alone."""
    done = Deployment()
    found = deployments(project)
    for one in found:
        text = project.text(one.path)
        if text is None:
            continue
        if service.rq_class and (counted := workers.counted(text, service.rq_class)):
            done.edits.append(Edit(path=one.path, before=text, insertions=counted))
        if "parapet worker" in text:
            continue
        match one.name:
            case "Procfile":
                done.edits.append(_procfile(one.path, text, service))
            case "compose":
                _compose(one.path, text, service, done)
            case "systemd":
                _unit(project, one.path, text, service, done)
            case "Fly":
                _fly(one.path, text, service, done)
            case "Heroku" if one.path.endswith("heroku.yml"):
                _heroku(one.path, text, service, done)
    texts = [project.text(one.path) or "" for one in found]
    told = "\n".join([*texts, *(edit.after for edit in done.edits), *done.written.values(), *done.by_hand])
    kinds = {one.name for one in found}
    if kinds and "parapet worker" not in told:
        done.by_hand.append(f"Start a second process beside the service, from the same image: `{_worker(service)}`")
    if kinds and "deploy mark" not in told:
        done.by_hand.append(f"At the end of every deploy: `{_mark(service, 'VERSION')}`")
    done.by_hand += _apart(kinds, texts)
    if kinds & EPHEMERAL and "PARAPET_EVIDENCE" not in told:
        done.by_hand.append(
            "Set PARAPET_EVIDENCE to a database of your own, such as postgresql://...: containers forget files."
        )
    return done


def _apart(kinds: set[str], texts: list[str]) -> Iterator[str]:
    """What keeps the worker, and processes that run jobs, from counting together with those that serve."""
    if "systemd" in kinds and any(PRIVATE.search(text) for text in texts):
        yield (
            f"In every unit of the service, that of Parapet's worker too: RuntimeDirectory={shared.VOLUME}, "
            f"RuntimeDirectoryPreserve=yes, Environment={shared.VARIABLE}={shared.FOLDER}. With PrivateTmp each of "
            "them counts for itself"
        )
    if kinds & APART and "compose" not in kinds:
        yield (
            "Prometheus reads Parapet's worker, too. In a container or on a machine of its own, start it with "
            "--metrics-port 9101 --metrics-host 0.0.0.0, and name it in Wiring(port_targets=...)"
        )
    if kinds & {"Fly", "Heroku"} and any(shared.JOBS.search(text) for text in texts):
        yield (
            "Workers of jobs run on machines of their own there: give each a port that Prometheus reads, with "
            "parapet.signals.port.serve_metrics(parapet.recorder, 9100)"
        )


def _worker(service: Service) -> str:
    return f"parapet worker --app {service.app}"


def _upgrade(service: Service) -> str:
    return f"parapet db upgrade --app {service.app}"


def _mark(service: Service, version: str) -> str:
    return f"parapet deploy mark --app {service.app} --version {version}"


def _within(path: str, text: str, service: Service, command: str) -> str:
    """*command* where modules are importable from, as seen from the folder of the file *path*."""
    folder = posixpath.relpath(service.import_folder or ".", posixpath.dirname(path) or ".")
    told = service.module in text and "--app-dir" not in text and "--chdir" not in text
    return command if folder == "." or told else f"cd {folder} && {command}"


def _procfile(path: str, text: str, service: Service) -> Edit:
    newline, starts, lines = newline_of(text), line_starts(text), lines_of(text)
    released = f"{_upgrade(service)} && ({_mark(service, VERSION)} || true)"
    insertions = []
    is_there = False
    for number, line in enumerate(lines):
        bare = line.rstrip("\r\n")
        if line.startswith("release:"):
            is_there = True
            insertions.append(Insertion(offset=starts[number] + len(bare), text=f" && {released}"))
    before = "" if not text or text.endswith("\n") else newline
    more = f"{before}{WORKER}: {_within(path, text, service, _worker(service))}{newline}"
    if not is_there:
        more += f"release: {_within(path, text, service, released)}{newline}"
    insertions.append(Insertion(offset=len(text), text=more))
    return Edit(path=path, before=text, insertions=tuple(insertions))


def _compose(path: str, text: str, service: Service, done: Deployment) -> None:
    name = WORKER.replace("_", "-")
    # A container that is made anew is a deploy; one that starts again is told apart by its name.
    marked = f"({_mark(service, '$$(date -u +%Y-%m-%dT%H%M%S)')} --id $$HOSTNAME || true)"
    command = f'sh -c "{_upgrade(service)} && {marked} && exec {_worker(service)}"'
    folder = posixpath.relpath(service.import_folder or ".", posixpath.dirname(path) or ".")
    web = compose.serving(text, module=service.module, servers=SERVERS, folder=folder)
    edit = compose.beside(path, text, service=web, name=name, command=command) if web is not None else None
    if web is None or edit is None:
        done.by_hand.append(
            f"In {path}, a service like the one of your application, with the command: `{_worker(service)}`"
        )
        return
    names = shared.counting(text, web)
    together = shared.counted_together(edit, names)
    if together is None:
        done.by_hand.append(
            f"In {path}, for each of {', '.join((*names, name))}: `volumes: [{shared.VOLUME}:{shared.FOLDER}]` and "
            f"`environment: {{{shared.VARIABLE}: {shared.FOLDER}}}`; and the volume {shared.VOLUME} at the end. "
            "Containers count together in a folder that they share"
        )
    done.edits.append(together or edit)


def _heroku(path: str, text: str, service: Service, done: Deployment) -> None:
    edit = compose.entry(path, text, table="run", name=WORKER, value=_worker(service))
    if edit is None:
        done.by_hand.append(f"In {path}, under run: `{WORKER}: {_worker(service)}`")
        return
    newline = newline_of(text)
    released = f"{_upgrade(service)} && ({_mark(service, VERSION)} || true)"
    if compose.table_of(text, "release") is not None:
        done.by_hand.append(f"In {path}, after what release does: `{released}`")
        done.edits.append(edit)
        return
    before = "" if text.endswith("\n") else newline
    block = f"{before}release:{newline}  command:{newline}    - {released}{newline}"
    insertions = (*edit.insertions, Insertion(offset=len(text), text=block))
    done.edits.append(Edit(path=path, before=text, insertions=insertions))


def _unit(project: Project, path: str, text: str, service: Service, done: Deployment) -> None:
    """A unit of its own beside the one that starts the application, run by the same user in the same place."""
    started = re.search(r"(?m)^ExecStart=[-+!@:]*(\S+)(.*)$", text)
    if started is None or not (SERVERS.search(started[0]) and (service.module in text or "python" in started[0])):
        return
    new = f"{path.removesuffix('.service')}-parapet-worker.service"
    if project.has(new):
        return
    kept = [
        line
        for line in text.splitlines()
        if line.partition("=")[0].strip() in KEPT_IN_UNITS and not line.startswith(("#", ";"))
    ]
    folder = posixpath.dirname(started[1])
    binary = f"{folder}/parapet" if folder else "/usr/bin/env parapet"
    original = posixpath.basename(path)
    done.written[new] = "\n".join(
        [
            "[Unit]",
            f"Description=Parapet's worker for {original}",
            "After=network.target",
            "",
            "[Service]",
            *kept,
            f"ExecStartPre={binary} db upgrade --app {service.app}",
            f"ExecStart={binary} worker --app {service.app}",
            "Restart=on-failure",
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


def _fly(path: str, text: str, service: Service, done: Deployment) -> None:
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    newline = newline_of(text)
    insertions, added = [], {}
    http = told.get("http_service", {})
    if "processes" in told and ("processes" in http or "http_service" not in told):
        table = re.search(r"(?m)^\s*\[processes\][^\n]*\n", text)
        if table is not None:
            indent = re.match(r"[ \t]*", text[table.end() :])
            line = f'{indent[0] if indent else ""}{WORKER} = "{_worker(service)}"{newline}'
            insertions.append(Insertion(offset=table.end(), text=line))
            added["processes"] = WORKER
    else:
        done.by_hand.append(
            f"In {path}, under [processes], beside app and its command: "
            f'`{WORKER} = "{_worker(service)}"`; and `processes = ["app"]` under [http_service]'
        )
    release = f"sh -c '{_upgrade(service)} && ({_mark(service, '$FLY_IMAGE_REF')} || true)'"
    if "deploy" not in told:
        before = "" if text.endswith("\n") else newline
        block = f'{before}{newline}[deploy]{newline}  release_command = "{release}"{newline}'
        insertions.append(Insertion(offset=len(text), text=block))
    elif "release_command" not in told["deploy"]:
        table = re.search(r"(?m)^\s*\[deploy\][^\n]*\n", text)
        if table is not None:
            insertions.append(Insertion(offset=table.end(), text=f'  release_command = "{release}"{newline}'))
    elif "parapet" not in told["deploy"]["release_command"]:
        done.by_hand.append(f"In {path}, after what release_command does: `{release}`")
    edit = Edit(path=path, before=text, insertions=tuple(insertions))
    if insertions and _same_toml(edit):
        done.edits.append(edit)


def _same_toml(edit: Edit) -> bool:
    """Whether *edit* adds the worker and the release command, and nothing else."""
    try:
        before, after = tomllib.loads(edit.before), tomllib.loads(edit.after)
    except tomllib.TOMLDecodeError:
        return False
    after.get("processes", {}).pop(WORKER, None)
    if "release_command" not in before.get("deploy", {}):
        after.get("deploy", {}).pop("release_command", None)
        if not after.get("deploy") and "deploy" not in before:
            after.pop("deploy", None)
    return bool(before == after)
