"""The API and the hooks as an OpenAPI 3.1 document, made from the same declarations that answer requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from parapet.core import names
from parapet.core.shapes import Fields, Given
from parapet.core.types import Json, JsonObject
from parapet.incidents.events import EVENTS
from parapet.incidents.sources import Source
from parapet.web.api.answers import SCHEMAS
from parapet.web.api.operation import Operation
from parapet.web.api.table import OPERATIONS
from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, answer
from parapet.web.routes import Door

SAYS = """Incidents of one service, and what may be done about them. An answer that is not 2xx is a problem (RFC 9457).

Machines send a bearer token: `api_tokens` read and record changes, `responder_tokens` also work on incidents. Browsers
use the session of the host application; what they change needs `Content-Type: application/json`, an origin of the
workbench, and the token of `/api/session` in `Parapet-Token`.

Nothing of a query is left out in silence: a field that is unknown, empty, there twice, or one of more than 64 is
refused (422). Lists are read forwards with what `next` said and backwards with what `previous` said, both by key.

What changes an incident carries the version that was read, and may carry an `Idempotency-Key`: sent again with the same
key, it is done once.
"""
REFUSALS = {
    "401": "Nobody is signed in, or the token is none of ours.",
    "403": "Whoever asks may not do this.",
    "404": "There is no such thing, or no token is configured.",
    "405": "The method is not taken there.",
    "409": "The incident moved, or is not in a state that allows this; nothing changed.",
    "413": "The body is too large.",
    "422": "Something is missing or cannot be read; nothing changed.",
    "429": "Too much is under way. Come back after Retry-After.",
    "503": "The evidence database does not answer. Come back after Retry-After.",
}
PARAMETERS: Mapping[str, tuple[str, JsonObject]] = {
    "id": (
        "The incident, as 12 or INC-12.",
        {"type": "string", "pattern": "^([Ii][Nn][Cc]-)?[0-9]{1,12}$", "examples": ["INC-1"]},
    ),
    "item": (
        "The action item, as 7 or ACT-7.",
        {"type": "string", "pattern": "^([Aa][Cc][Tt]-)?[0-9]{1,12}$", "examples": ["ACT-1"]},
    ),
    "preview": ("The preview's id.", {"type": "string", "pattern": "^[0-9a-z-]{1,64}$", "examples": ["0"]}),
    "capability": (
        "The capability, by name.",
        {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$", "examples": ["retry-jobs"]},
    ),
    "approval": ("The approval's number.", {"type": "string", "pattern": "^[0-9]{1,12}$", "examples": ["1"]}),
    "run": (
        "The run, as 7 or RUN-7.",
        {"type": "string", "pattern": "^([Rr][Uu][Nn]-)?[0-9]{1,12}$", "examples": ["RUN-1"]},
    ),
    "number": ("The body's number.", {"type": "string", "pattern": "^[0-9]{1,18}$", "examples": ["1"]}),
    "seq": ("The entry's number in its chronology.", {"type": "string", "pattern": "^[0-9]{1,18}$", "examples": ["2"]}),
}
HOOKS: Mapping[Source, tuple[str, JsonObject]] = {
    Source.EVENTS: ("Report trouble from anything that is neither Alertmanager nor Grafana.", EVENTS.schema()),
    Source.GRAFANA: (
        "For a webhook contact point of Grafana's alerting.",
        {"type": "object", "required": ["alerts"], "properties": {"alerts": {"type": "array"}}},
    ),
    Source.ALERTMANAGER: (
        "For a webhook receiver of Alertmanager.",
        {"type": "object", "required": ["alerts"], "properties": {"alerts": {"type": "array"}}},
    ),
}


def page(desk: Desk, visit: Visit, given: Given) -> Response:
    """The document, with the address of this mount."""
    return answer({**document(), "servers": [{"url": visit.request.root or "/"}]})


ITSELF = Operation(
    name="openapi", method="GET", path="/api/openapi.json", says="This document.", page=page, gives="OpenApi"
)


def document() -> JsonObject:
    """The whole document."""
    paths: dict[str, JsonObject] = {}
    for one in (ITSELF, *OPERATIONS):
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    for source, (says, schema) in HOOKS.items():
        paths[f"/hooks/{source.value}"] = {"post": _hook(source, says, schema)}
    schemas: JsonObject = {**SCHEMAS, "OpenApi": {"type": "object"}, EVENTS.name: EVENTS.schema()}
    schemas |= {one.takes.name: one.takes.schema() for one in OPERATIONS if one.method == "POST"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parapet", "version": "1", "description": SAYS},
        "paths": {**paths},
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "webhook": {"type": "http", "scheme": "bearer", "description": "One of `webhook_tokens`."},
            },
        },
    }


def _operation(one: Operation) -> JsonObject:
    parameters = [_parameter(name) for name in re.findall(r"{(\w+)}", one.path)]
    made: JsonObject = {"operationId": one.name, "summary": one.says, "security": [{"token": []}]}
    if one.door is Door.API and one.method == "GET":
        made["security"] = [{"token": []}, {}]
    if one.method == "GET":
        parameters += _query(one.takes)
    else:
        made["requestBody"] = _json_body(_ref(one.takes.name))
        if one.once:
            parameters.append(_header("Idempotency-Key", "Sent again with the same key, it is done once."))
    if parameters:
        made["parameters"] = [*parameters]
    left_out = {"413"} if one.method == "GET" else set()
    made["responses"] = {
        str(one.status): {
            "description": "Done." if one.method == "POST" else "Here.",
            "content": _content(one.media, one.gives),
        },
        **_refusals(set(REFUSALS) - left_out),
    }
    return made


def _hook(source: Source, says: str, schema: JsonObject) -> JsonObject:
    signed = source is not Source.ALERTMANAGER
    note = "Needed where signing keys are configured." if signed else "Checked if it is there."
    headers = [_header(names.TIMESTAMP_HEADER, f"Unix time in seconds. {note}"), _header(names.SIGNATURE_HEADER, note)]
    shown = _ref(EVENTS.name) if source is Source.EVENTS else schema
    return {
        "operationId": f"hook_{source.value}",
        "summary": says,
        "description": "2xx: it is stored. 503: it is not, send it again. 422: it is no alert; a person sees it.",
        "security": [{"webhook": []}],
        "parameters": [*headers],
        "requestBody": _json_body(shown),
        "responses": {
            "200": {"description": "Stored.", "content": _json("Receipt")},
            **_refusals({"401", "404", "405", "413", "422", "503"}),
        },
    }


def _query(takes: Fields) -> list[Json]:
    found: list[Json] = []
    for name, field in takes.fields.items():
        says: JsonObject = {"name": name, "in": "query", "required": field.required, "description": field.says}
        found.append({**says, "schema": field.shape.schema()})
    return found


def _parameter(name: str) -> Json:
    says, schema = PARAMETERS[name]
    return {"name": name, "in": "path", "required": True, "description": says, "schema": {**schema}}


def _header(name: str, says: str) -> Json:
    schema: JsonObject = {"type": "string", "maxLength": 128, "pattern": "^[!-~]+$"}
    return {"name": name, "in": "header", "required": False, "description": says, "schema": schema}


def _json_body(schema: JsonObject) -> JsonObject:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _json(name: str) -> JsonObject:
    return _content("application/json", name)


def _content(media: str, name: str) -> JsonObject:
    return {media: {"schema": _ref(name)}}


def _ref(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


def _refusals(statuses: Iterable[str]) -> JsonObject:
    problem: JsonObject = {"application/problem+json": {"schema": _ref("Problem")}}
    return {status: {"description": REFUSALS[status], "content": problem} for status in sorted(statuses)}
