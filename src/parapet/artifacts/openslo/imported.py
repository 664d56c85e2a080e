"""OpenSLO v1 documents to slices: what can be said is taken, the rest is refused, each with its place and reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from parapet.artifacts.openslo.library import Library
from parapet.artifacts.openslo.parsed import Slo, slo
from parapet.artifacts.openslo.reading import PREFIX, Document, read
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.slo.pack import Pack
from parapet.slo.slice import Slice

ASIDE = {
    "Service": "needs no slice: the service is the host's Parapet(service=...)",
    "DataSource": "needs no slice: rules run where Prometheus is, whose address is Wiring(prometheus_url=...)",
    "AlertNotificationTarget": "needs no slice: who is told is up to Alertmanager's routes and to channels",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something about a document that a person should read."""

    source: str
    """The file."""
    kind: str
    name: str
    field: str
    """Empty: the whole document."""
    why: str

    def __str__(self) -> str:
        of = f" {self.kind} {self.name}:" if self.kind else ""
        return f"{self.source}:{of} {f'{self.field} ' if self.field else ''}{self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of some documents."""

    service: str
    """The service that the promises are of."""
    slices: tuple[Slice, ...]
    refused: tuple[Remark, ...]
    """What no slice can say, and why."""
    remarks: tuple[Remark, ...]
    """What was taken in another way than it was written, or needs no slice."""


def read_slices(paths: Iterable[Path], *, service: str | None = None, runbook: str | None = None) -> Imported:
    """Every promise that the files make about *service*; without one, about the only service they speak of.

    Args:
        runbook: an http(s) address for promises that page and name none.

    Raises:
        ConfigurationError: there is no SLO, they speak of several services and none is chosen, or promql-parser is
            not installed.
        OSError: a file cannot be read.
    """
    try:
        from parapet.artifacts.openslo.conversion import Conversion
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "OpenSLO documents hold PromQL, and nothing here can read it: pip install 'parapet-ops[promql]'."
        ) from error
    documents = list(read(paths))
    library = Library(documents)
    slos = [one for one in documents if one.kind == "SLO" and not one.faults]
    parsed = [(one, made) for one in slos if (made := slo(one, library)) is not None]
    refused = [_remark(one, fault.field, fault.why) for one in documents for fault in one.faults]
    if not parsed and not refused:
        raise ConfigurationError("There is no SLO in these files, so there is nothing to promise.")
    chosen = _service([made for _, made in parsed], service)
    slices: dict[str, Slice] = {}
    remarks: list[Remark] = []
    for document, made in parsed:
        if made.service != chosen:
            remarks.append(_remark(document, "spec.service", f"is {made.service}, not {chosen}"))
            continue
        own = made.annotations.get(f"{PREFIX}service", made.service)
        conversion = Conversion(document=document, slo=made, service=own, runbook=runbook)
        for one in conversion.slices():
            if one.name in slices:
                conversion.fault("metadata.name", f"becomes the slice {one.name!r}, which is taken already")
            slices.setdefault(one.name, one)
        refused += [_remark(document, fault.field, fault.why) for fault in document.faults]
        if not document.faults:
            remarks += [_remark(document, field, words) for field, words in conversion.remarks]
    return Imported(
        service=chosen,
        slices=tuple(slices.values()),
        refused=tuple(refused),
        remarks=(*remarks, *_aside(documents, library)),
    )


def openslo_slices(*paths: str | PathLike[str], service: str | None = None, runbook: str | None = None) -> Pack:
    """Every promise of OpenSLO v1 files, to adopt: `parapet.adopt(openslo_slices("slo/checkout.yaml"))`.

    The files are read where this runs, so a host that does not want to carry a YAML reader lets
    `parapet openslo import` write a module instead. Arguments as in `read_slices`.

    Raises:
        ConfigurationError: something in the files is no promise that Parapet can make; every reason is named.
        OSError: a file cannot be read.
    """
    found = read_slices(map(Path, paths), service=service, runbook=runbook)
    if found.refused:
        reasons = "\n".join(f"  {one}" for one in found.refused)
        raise ConfigurationError(f"Some of it cannot be promised:\n{reasons}")
    return Pack(name=f"openslo_slices({', '.join(map(str, paths))})", slices=found.slices)


def _service(found: Sequence[Slo], asked: str | None) -> str:
    """The service whose promises are taken."""
    services = sorted({one.service for one in found})
    if asked is not None:
        if found and asked not in services:
            raise UnknownName.of("service", asked, services)
        return asked
    if len(services) > 1:
        raise ConfigurationError(
            f"The documents speak of several services: {', '.join(services)}. A Parapet is of one; choose: --service "
            f"{services[0]}"
        )
    return services[0] if services else ""


def _aside(documents: Iterable[Document], library: Library) -> Iterator[Remark]:
    """What is said of documents that are no promise themselves."""
    for one in documents:
        if one.faults or one.kind == "SLO":
            continue
        if one.kind in ASIDE:
            yield _remark(one, "", ASIDE[one.kind])
        elif (one.kind, one.name) not in library.used:
            yield _remark(one, "", "is used by no SLO of these files")


def _remark(document: Document, field: str, why: str) -> Remark:
    return Remark(source=document.source, kind=document.kind, name=document.name, field=field, why=why)
