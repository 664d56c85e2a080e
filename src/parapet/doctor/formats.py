"""A report for machines: JSON, SARIF 2.1.0 for code scanning, and annotations of GitHub Actions."""

from __future__ import annotations

from dataclasses import asdict

from parapet.core.types import JsonObject
from parapet.doctor.check import Check
from parapet.doctor.examine import Report
from parapet.doctor.finding import Finding, Grade

SARIF_LEVELS = {Grade.ERROR: "error", Grade.WARN: "warning", Grade.INFO: "note", Grade.SKIP: "none"}
GITHUB_LEVELS = {Grade.ERROR: "error", Grade.WARN: "warning", Grade.INFO: "notice", Grade.SKIP: "notice"}


def to_json(report: Report) -> JsonObject:
    """Everything, as plain values."""
    return {
        "service": report.service,
        "checked": report.checked,
        "counts": {grade.value: report.count(grade) for grade in Grade},
        "findings": [
            {**asdict(one), "grade": one.grade.value, "link": one.link, "place": _place(one)} for one in report.findings
        ],
    }


def to_sarif(report: Report, checks: tuple[Check, ...], version: str) -> JsonObject:
    """As code scanning reads it. What lies in no file is said about the repository."""
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "parapet doctor",
                        "version": version,
                        "rules": [
                            {
                                "id": one.code,
                                "name": one.look.__name__,
                                "shortDescription": {"text": one.title},
                                "fullDescription": {"text": one.why},
                                "help": {"text": one.fix},
                                "defaultConfiguration": {"level": SARIF_LEVELS[one.grade]},
                            }
                            for one in checks
                        ],
                    }
                },
                "results": [_result(one) for one in report.findings],
            }
        ],
    }


def to_github(report: Report) -> str:
    """A line for each finding, which GitHub Actions shows where it is."""
    return "".join(f"{_annotation(one)}\n" for one in report.findings)


def _result(one: Finding) -> JsonObject:
    result: JsonObject = {
        "ruleId": one.code,
        "level": SARIF_LEVELS[one.grade],
        "message": {"text": f"{one.title}. {one.what} {one.why} Fix: {one.fix}"},
    }
    location: JsonObject = {"artifactLocation": {"uri": one.place.path if one.place else "."}}
    if one.place is not None and one.place.line:
        location["region"] = {"startLine": one.place.line}
    return {**result, "locations": [{"physicalLocation": location}]}


def _annotation(one: Finding) -> str:
    where = {"title": f"{one.code} {one.title}"}
    if one.place is not None:
        where = {"file": one.place.path, **({"line": str(one.place.line)} if one.place.line else {}), **where}
    said = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    return f"::{GITHUB_LEVELS[one.grade]} {said}::{_data(f'{one.what} {one.why} Fix: {one.fix}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _place(one: Finding) -> JsonObject | None:
    return None if one.place is None else {"path": one.place.path, "line": one.place.line}
