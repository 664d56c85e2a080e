"""`make demo`: the stack under load until Ctrl-C, where to look, and how it goes, in one line.

python -m examples.stage.demo [--port 8000] [--logins 4 --checkouts 4 --browse 4]
"""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from time import monotonic

from examples.shop.faults import DEEDS, Fault
from examples.shop.settings import REPOSITORY
from examples.stage.load import Load, add_rates, chosen_rates
from examples.stage.machine import StackError, ended_by_signals
from examples.stage.receiver import Receiver
from examples.stage.stack import APP, Stack

from parapet import ParapetError

STATUS_SECONDS = 2.0
QUIET_SECONDS = 20.0


def guide(stack: Stack) -> str:
    """Where to look, and what to try."""
    staff = stack.settings.staff_passwords()
    folder = stack.home.relative_to(REPOSITORY) if stack.home.is_relative_to(REPOSITORY) else stack.home
    at_home = "" if stack.home == REPOSITORY / "var" / "demo" else f"SHOP_HOME={folder} "
    python = Path(sys.executable)
    parapet = python.with_name("parapet")
    shown = parapet.relative_to(REPOSITORY) if parapet.is_relative_to(REPOSITORY) else parapet
    return f"""
  The shop        {stack.address}/
  The workbench   {stack.address}/parapet/
  Prometheus      {stack.prometheus.url}/alerts
  Alertmanager    {stack.alertmanager.url}/#/alerts

  Staff login     ana  {staff["ana"]}
                  tom  {staff["tom"]}

  1. Sign in at the shop as ana, press “{DEEDS[Fault.CHECKOUT_DOWN]}”, and watch the workbench.
     An hour of the alerts' windows is a minute here, so it takes seconds.
  2. Open the incident, and acknowledge it with a reason.
  3. Under Actions, preview “Turn the fault off”, and confirm it: it runs once, is written down, and is watched.
     Or do it yourself: mark the rollback, then press “{DEEDS[Fault.NONE]}”:
       {at_home}{shown} deploy mark --app {APP} --version 1.8.1 --rollback
  4. The alerts clear in less than a minute, the incident resolves {QUIET_SECONDS:g} s later, and its
     retrospective can be read.

  5. Let nobody acknowledge it, and Calls says who is called, why, and when ana and tom are. They are on call in this
     demonstration; their messages end in this process, which stands for their telephones.

  Logs, databases and generated files: {folder}
  Ctrl-C ends everything.
"""


def status(stack: Stack, load: Load) -> str:
    """How it goes, in one line: what burns, what fires, what is open, and what customers get."""
    burning = stack.prometheus.query("parapet:slo_burn:current > 1")
    burns = ", ".join(f"{labels['slice']} burns {burn:.0f}x" for labels, burn in burning) or "nothing burns"
    firing = sorted({f"{one.severity} {one.slice}" for one in stack.prometheus.firing() if one.slice})
    fires = ", ".join(firing) + " fires" if firing else "no alert"
    try:
        incidents = stack.evidence.queue("open").incidents
        opened = ", ".join(f"{one.ref} {one.state.value}" for one in incidents) or "no incident"
    except ParapetError as error:
        opened = f"evidence: {error}"
    sold = load.tally.of("checkout")
    return f"{burns} | {fires} | {opened} | {sold.get('ok', 0)} orders, {sum(sold.values()) - sold.get('ok', 0)} failed"


def show(line: str, *, began: float) -> None:
    """Show *line* in place on a terminal; elsewhere, as a line of its own."""
    words = f"{monotonic() - began:5.0f} s | {line}"
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[2K{words[:200]}")
    else:
        sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Run from the command line until somebody ends it."""
    parser = argparse.ArgumentParser(description="The shop, Prometheus and Alertmanager on this machine, under load.")
    parser.add_argument("--port", type=int, default=8000, help="of the shop, if it is free (default: %(default)s)")
    parser.add_argument("--home", type=Path, default=REPOSITORY / "var" / "demo", help="folder (default: %(default)s)")
    parser.add_argument("--evidence", metavar="URL", help="an evidence database, such as postgresql://...")
    parser.add_argument("--seconds", type=float, help="end by itself after so long")
    add_rates(parser)
    given = parser.parse_args()
    print("Starting the shop, Prometheus and Alertmanager", flush=True)
    began, never = monotonic(), threading.Event()
    try:
        with ended_by_signals(), Receiver() as people:
            home, evidence = given.home, given.evidence
            stack = Stack(
                home=home, evidence_url=evidence, quiet_seconds=QUIET_SECONDS, port=given.port, notify_url=people.url
            )
            with stack, Load(stack.address, stack.password, chosen_rates(given)) as load:
                people.secret = stack.settings.secret("notify-secret") or ""
                print(guide(stack), flush=True)
                while given.seconds is None or monotonic() - began < given.seconds:
                    stack.check_alive()
                    show(f"{status(stack, load)} | {len(people.received)} messages to people", began=began)
                    never.wait(STATUS_SECONDS)
    except KeyboardInterrupt:
        pass
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print("\nEverything is stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
