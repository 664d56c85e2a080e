"""The page of the doctor, for `scripts/reference.py`: every check, from the checks themselves."""

from __future__ import annotations

from parapet.doctor.finding import Grade
from parapet.doctor.registry import AREAS, CHECKS

INTRODUCTION = """# The doctor: the reference

`parapet doctor` looks at one host: its definitions, its sources and deployment files, its application, its evidence and
its generated files. With `--live` it also asks what runs: Prometheus, Alertmanager, the database and the doors, and
sends a test alert through Alertmanager and back, which opens no incident and tells nobody. It changes nothing. Each
finding has a code, a grade, a reason and a way out.

```sh
parapet doctor --app shop.reliability:parapet --host shop.app:app
parapet doctor --app shop.reliability:parapet --ci --github
parapet doctor --app shop.reliability:parapet --live
parapet doctor --explain PD605
```

| grade | it says |
|---|---|
| error | a promise of Parapet does not hold: nobody is told, or a stranger gets in |
| warn | it holds today, and will not on a bad day |
| info | worth knowing |
| skip | it could not be looked at |

Exit status 0: nothing must be done; 1: there is an error, or with `--ci` a warning; 2: it could not look, because the
definitions cannot be loaded. `--only` and `--skip` take codes, or the beginning of several: `PD3` is everything about
secrets. `--json`, `--sarif` and `--github` are for machines.

The application is imported, never started: it is asked for its doors as a stranger would ask, in the doctor's own
process. A function that makes the application is called only when `--host` names it.

Every check below was seen to work: a test plants its fault in a healthy host, and another one sees that no check says
anything of that host without it.
"""
MEANING = {Grade.ERROR: "error", Grade.WARN: "warn", Grade.INFO: "info", Grade.SKIP: "skip"}


def page() -> str:
    """Every check, by the part of a host that it looks at."""
    parts = [INTRODUCTION, f"{len(CHECKS)} checks:\n", "| code | grade | what it finds |", "|---|---|---|"]
    parts += [f"| [{one.code}](#{one.code.lower()}) | {MEANING[one.grade]} | {one.title} |" for one in CHECKS]
    for area, module in AREAS:
        parts.append(f"\n## {area}\n")
        for one in CHECKS:
            if one.look.__module__ == module.__name__:
                fix = one.fix.replace("{app}", "shop.reliability:parapet").replace("{out}", "ops")
                looked = (one.look.__doc__ or "").strip()
                parts.append(f"### {one.code}\n\n**{one.title}** ({MEANING[one.grade]}). {looked}\n")
                parts.append(f"Why: {one.why}\n\nFix: {fix}\n")
    return "\n".join(parts).rstrip() + "\n"
