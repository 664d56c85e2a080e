"""A service that shows one native histogram: only the protobuf exposition can carry it, so this speaks it.

The message is that of Prometheus' client model, as far as it is needed, described in code.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.proto import serialize_length_prefixed
from tests.artifacts.servers import LOOPBACK

PACKAGE = "io.prometheus.client"
CONTENT_TYPE = f"application/vnd.google.protobuf; proto={PACKAGE}.MetricFamily; encoding=delimited"
HISTOGRAM_TYPE = 4
SCHEMA = 0
"""Bucket bounds are powers of two: the bucket -1 ends at 0.5, the bucket 0 at 1."""

_F = FieldDescriptorProto
_FIELDS: Mapping[str, tuple[tuple[str, int, int, str | None, bool], ...]] = {
    "LabelPair": (("name", 1, _F.TYPE_STRING, None, False), ("value", 2, _F.TYPE_STRING, None, False)),
    "BucketSpan": (("offset", 1, _F.TYPE_SINT32, None, False), ("length", 2, _F.TYPE_UINT32, None, False)),
    "Histogram": (
        ("sample_count", 1, _F.TYPE_UINT64, None, False),
        ("sample_sum", 2, _F.TYPE_DOUBLE, None, False),
        ("schema", 5, _F.TYPE_SINT32, None, False),
        ("zero_threshold", 6, _F.TYPE_DOUBLE, None, False),
        ("zero_count", 7, _F.TYPE_UINT64, None, False),
        ("positive_span", 12, _F.TYPE_MESSAGE, "BucketSpan", True),
        ("positive_delta", 13, _F.TYPE_SINT64, None, True),
    ),
    "Metric": (
        ("label", 1, _F.TYPE_MESSAGE, "LabelPair", True),
        ("histogram", 7, _F.TYPE_MESSAGE, "Histogram", False),
    ),
    "MetricFamily": (
        ("name", 1, _F.TYPE_STRING, None, False),
        ("help", 2, _F.TYPE_STRING, None, False),
        ("type", 3, _F.TYPE_INT32, None, False),  # an enumeration on the wire is its number
        ("metric", 4, _F.TYPE_MESSAGE, "Metric", True),
    ),
}


@dataclass(kw_only=True)
class Attempts:
    """How many attempts took 0.4 s, and how many took 0.8 s, with each scrape."""

    quick: int
    slow: int


def _message_class() -> Any:
    file = FileDescriptorProto(name="metrics.proto", package=PACKAGE, syntax="proto2")
    for name, fields in _FIELDS.items():
        message: DescriptorProto = file.message_type.add(name=name)
        for field, number, kind, of, repeated in fields:
            message.field.add(
                name=field,
                number=number,
                type=kind,
                type_name=f".{PACKAGE}.{of}" if of else None,
                label=_F.LABEL_REPEATED if repeated else _F.LABEL_OPTIONAL,
            )
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.MetricFamily"))


FAMILY = _message_class()


def exposition(name: str, label: str, seen: Mapping[str, Attempts]) -> bytes:
    """A native histogram *name* with one series for each value of *label*, length first, as Prometheus reads it."""
    family = FAMILY(name=name, help="Of a test.", type=HISTOGRAM_TYPE)
    for value, attempts in seen.items():
        metric = family.metric.add()
        metric.label.add(name=label, value=value)
        histogram = metric.histogram
        histogram.sample_count = attempts.quick + attempts.slow
        histogram.sample_sum = 0.4 * attempts.quick + 0.8 * attempts.slow
        histogram.schema, histogram.zero_threshold, histogram.zero_count = SCHEMA, 1e-128, 0
        histogram.positive_span.add(offset=-1, length=2)
        histogram.positive_delta.extend((attempts.quick, attempts.slow - attempts.quick))
    body = BytesIO()
    serialize_length_prefixed(family, body)
    return body.getvalue()


@contextmanager
def native_service(name: str, label: str, grows: Mapping[str, Attempts]) -> Iterator[str]:
    """The address of a service whose histogram grows with each scrape."""
    seen = {value: Attempts(quick=5, slow=5) for value in grows}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for value, more in grows.items():
                seen[value].quick += more.quick
                seen[value].slow += more.slow
            self.send_response(200)
            self.send_header("content-type", CONTENT_TYPE)
            self.end_headers()
            self.wfile.write(exposition(name, label, seen))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
