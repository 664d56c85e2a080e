"""The whole stack on this machine: the shop, a real Prometheus and a real Alertmanager, wired by generated files.

    with Stack(home=Path("var/demo")) as stack:
        stack.prometheus.query("up")

Everything listens on loopback, every secret is new, and everything is gone when the block ends.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TypeVar

import yaml
from examples.shop.settings import ENVIRONMENT_FILE, REPOSITORY, Settings, make_secrets, write_privately
from examples.stage.machine import LOOPBACK, Ports, StackError, choose_ports, end, program, tied_to_us, undisturbed
from examples.stage.probes import Alertmanager, Prometheus, answers

from parapet import Parapet
from parapet.ops.look import Look

T = TypeVar("T")

APP = "examples.shop.reliability:parapet"
READY_SECONDS = 45.0
POLL_SECONDS = 0.1
RULES = ("recording.yml", "alerts.yml", "watchdog.yml")


class Stack:
    """Shop, Prometheus and Alertmanager, from `__enter__` to `__exit__`.

    Args:
        home: the folder for databases, secrets, generated files and logs; it is emptied first.
        evidence_url: SQLAlchemy URL of the evidence database; by default an SQLite file in *home*.
        burn_scale: 1 for the windows of production, 60 to make an hour a minute.
        quiet_seconds: how long an alert must stay cleared before its incident resolves by itself.
        notify_url: where announcements are posted.
        port: where the shop listens, if that port is free.
        worker: "thread": in the shop's process; "none": nowhere.
        evaluation_seconds: how often Prometheus scrapes and evaluates.
    """

    def __init__(
        self,
        *,
        home: Path,
        evidence_url: str | None = None,
        burn_scale: float = 60.0,
        quiet_seconds: float = 10.0,
        notify_url: str | None = None,
        port: int | None = None,
        worker: str = "thread",
        evaluation_seconds: int = 1,
    ) -> None:
        self.home = home.resolve()
        self.logs = self.home / "logs"
        self.generated = self.home / "generated"
        self._wanted = {
            "SHOP_EVIDENCE": evidence_url,
            "SHOP_NOTIFY_URL": notify_url,
            "SHOP_BURN_SCALE": f"{burn_scale:g}",
            "SHOP_QUIET_SECONDS": f"{quiet_seconds:g}",
            "SHOP_WORKER": worker,
        }
        self._port = port
        self._every = f"{evaluation_seconds}s"
        self._exit = ExitStack()
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Stack:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        atexit.register(self.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop every process of the stack, the shop first, and wait until they are gone. Harmless to call twice."""
        with undisturbed():
            atexit.unregister(self.stop)
            for name in ("shop", "alertmanager", "prometheus"):
                if (process := self._running.pop(name, None)) is not None:
                    end(process)
            self._exit.close()

    @property
    def running(self) -> Mapping[str, int]:
        """Name -> process id of what runs."""
        return {name: process.pid for name, process in self._running.items()}

    def command(self, *words: str) -> str:
        """Run the `parapet` command in this deployment and return what it printed.

        Raises:
            StackError: it failed.
        """
        run = [sys.executable, "-m", "parapet", *words]
        done = subprocess.run(run, capture_output=True, text=True, env=self.environment, cwd=REPOSITORY, check=False)
        with (self.logs / "parapet.log").open("a") as log:
            log.write(f"$ parapet {' '.join(words)}\n{done.stdout}{done.stderr}")
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise StackError(f"`parapet {' '.join(words)}` ended with status {done.returncode}: {said}")
        return done.stdout

    @cached_property
    def evidence(self) -> Look:
        """The evidence database itself, read by this process, past the shop."""
        reader = Parapet(service="shop", evidence=self.settings.evidence)
        self._exit.callback(reader.store.close)
        return reader.look

    @property
    def password(self) -> str:
        """The password of every customer.

        Raises:
            StackError: the stack was never started.
        """
        found = self.settings.secret("customer-password")
        if found is None:
            raise StackError("There are no customers before the stack was started.")
        return found

    def check_alive(self) -> None:
        """See that everything still runs.

        Raises:
            StackError: something died.
        """
        for name, process in self._running.items():
            if (status := process.poll()) is not None:
                log = self.logs / f"{name}.log"
                last = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
                raise StackError(f"{name} ended with status {status}. The end of {log}:\n{last}")

    def wait(self, what: str, look: Callable[[], T | None], *, seconds: float = READY_SECONDS) -> T:
        """Look until there is something to see, and return it.

        Raises:
            StackError: nothing came within *seconds*, or a process died.
        """
        until = monotonic() + seconds
        pause = threading.Event()
        while True:
            if seen := look():
                return seen
            self.check_alive()
            if monotonic() > until:
                raise StackError(f"{what}: not within {seconds:g} s. Logs are in {self.logs}")
            pause.wait(POLL_SECONDS)

    def _start(self) -> None:
        programs = {
            "prometheus": program("prometheus", "prometheus"),
            "alertmanager": program("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager"),
        }
        self._take_home()
        ports = choose_ports(self._port)
        self._write_settings(ports)
        self.command("db", "upgrade", "--app", APP)
        self.command("generate", "--app", APP, "--out", str(self.generated))
        self._write_prometheus(ports)
        self._run("alertmanager", self._alertmanager(programs["alertmanager"], ports))
        self._run("prometheus", self._prometheus(programs["prometheus"], ports))
        self._run("shop", _shop(ports))
        self._wait_until_ready()

    def _take_home(self) -> None:
        """Empty the folder of an earlier run; never one that is not ours, nor one in use."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        lock = self._exit.enter_context(self.home.with_name(f".{self.home.name}.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(f"Another stack runs in {self.home}. End it first, or choose another folder.") from None
        if self.home.exists() and any(self.home.iterdir()):
            if not (self.home / ENVIRONMENT_FILE).exists():
                raise StackError(f"{self.home} holds something that is not a stack's. Choose another folder.")
            shutil.rmtree(self.home)
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.logs.mkdir()
        write_privately(self.home / ENVIRONMENT_FILE, "")

    def _write_settings(self, ports: Ports) -> None:
        make_secrets(self.home / "secrets")
        chosen = {
            "SHOP_ADDRESS": f"http://{LOOPBACK}:{ports.shop}",
            "SHOP_PROMETHEUS_URL": f"http://{LOOPBACK}:{ports.prometheus}",
            "SHOP_ALERTMANAGER_URL": f"http://{LOOPBACK}:{ports.alertmanager}",
            **{name: value for name, value in self._wanted.items() if value is not None},
        }
        # The evidence URL may hold a password.
        write_privately(self.home / ENVIRONMENT_FILE, "".join(f"{name}={value}\n" for name, value in chosen.items()))
        outer = {name: value for name, value in os.environ.items() if not name.startswith(("SHOP_", "PARAPET_"))}
        self.environment = {**outer, "SHOP_HOME": str(self.home)}
        self.settings = Settings.read(self.environment)
        self.address = self.settings.address
        self.prometheus = Prometheus(chosen["SHOP_PROMETHEUS_URL"])
        self.alertmanager = Alertmanager(chosen["SHOP_ALERTMANAGER_URL"])

    def _write_prometheus(self, ports: Ports) -> None:
        """A Prometheus configuration around the generated files; the scrape job is copied out of its own."""
        scrape = yaml.safe_load((self.generated / "prometheus" / "scrape.yml").read_text())
        configuration = {
            "global": {"scrape_interval": self._every, "evaluation_interval": self._every},
            "rule_files": [str(self.generated / "prometheus" / name) for name in RULES],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{LOOPBACK}:{ports.alertmanager}"]}]}]},
            "scrape_configs": scrape["scrape_configs"],
        }
        (self.home / "prometheus.yml").write_text(yaml.safe_dump(configuration, sort_keys=False))

    def _prometheus(self, path: str, ports: Ports) -> list[str]:
        return [
            path,
            f"--config.file={self.home / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.home / 'prometheus-data'}",
            f"--web.listen-address={LOOPBACK}:{ports.prometheus}",
            "--rules.alert.resend-delay=2s",  # else an alert that fires before Alertmanager is found waits a minute
        ]

    def _alertmanager(self, path: str, ports: Ports) -> list[str]:
        return [
            path,
            f"--config.file={self.generated / 'alertmanager' / 'parapet.yml'}",
            f"--storage.path={self.home / 'alertmanager-data'}",
            f"--web.listen-address={LOOPBACK}:{ports.alertmanager}",
            "--cluster.listen-address=",
        ]

    def _run(self, name: str, words: Sequence[str]) -> None:
        log = self._exit.enter_context((self.logs / f"{name}.log").open("wb"))
        self._running[name] = subprocess.Popen(
            [*tied_to_us(), *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
            env=self.environment,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
        )

    def _wait_until_ready(self) -> None:
        self.wait("Alertmanager is ready", lambda: answers(f"{self.alertmanager.url}/-/ready"))
        self.wait("Prometheus is ready", lambda: answers(f"{self.prometheus.url}/-/ready"))
        self.wait("the shop answers", lambda: answers(f"{self.address}/health"))
        self.wait("Prometheus knows Alertmanager", self.prometheus.alertmanagers)
        self.wait("Prometheus scrapes the shop", lambda: self.prometheus.value('up{job="shop"}') == 1)


def _shop(ports: Ports) -> list[str]:
    serve = ["uvicorn", "--factory", "examples.shop.app:create_app", "--host", LOOPBACK, "--port", str(ports.shop)]
    return [sys.executable, "-m", *serve, "--no-access-log", "--timeout-graceful-shutdown", "3"]
