"""Real servers on the loopback that answer as the services do: their successes, their errors, their limits."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Answer:
    """What a server answers."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """What a server was asked."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Service:
    """An HTTP server: what it is asked is kept, and *answer* says what comes back."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.asked: list[Asked] = []
        self.answer = answer
        self.next: list[Answer] = []
        """Answered before anything else, in this order."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.path, dict(self.headers.items()), body, self.command)
                service.asked.append(asked)
                given = service.next.pop(0) if service.next else service.answer(asked)
                self.send_response(given.status)
                for name, value in given.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(given.body.encode())))
                self.end_headers()
                self.wfile.write(given.body.encode() if self.command == "POST" else b"")

            def log_message(self, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def slack_webhook(asked: Asked) -> Answer:
    """An incoming webhook: plain words, and a status."""
    if "application/json" not in asked.headers.get("Content-Type", ""):
        return Answer(400, "invalid_payload")
    document = asked.document
    if not document.get("text") and not document.get("blocks"):
        return Answer(400, "no_text")
    if (refused := refused_by_slack(document)) is not None:
        return Answer(400, refused)
    return Answer(200, "ok")


def refused_by_slack(document: dict[str, Any]) -> str | None:
    """What Slack says of a message beyond its limits; None: it takes it."""
    blocks = document.get("blocks", [])
    texts = [(one["type"], one["text"]["text"]) for one in blocks if "text" in one]
    within = all(0 < len(text) <= (150 if kind == "header" else 3_000) for kind, text in texts)
    labels = [each["text"]["text"] for one in blocks for each in one.get("elements", [])]
    if len(blocks) > 50 or not within or not all(0 < len(label) <= 75 for label in labels):
        return "invalid_blocks"
    return "msg_too_long" if len(document.get("text", "")) > 40_000 else None


class SlackApi:
    """Slack's methods: posts get a ts, updates need one that exists, everything needs the token."""

    def __init__(self, token: str, *, channels: tuple[str, ...], scopes: str = "chat:write,channels:read") -> None:
        self._token = token
        self._channels = channels
        self.scopes = scopes
        self.about: dict[str, Any] = {"name": "ops", "is_member": True, "is_archived": False}
        self.posts: dict[str, dict[str, Any]] = {}
        self.replies: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {self._token}":
            return self._error("invalid_auth")
        if asked.path.endswith(("auth.test", "conversations.info")):
            return self._read(asked)
        document = asked.document
        if document.get("channel") not in self._channels:
            return self._error("channel_not_found")
        if (refused := refused_by_slack(document)) is not None:
            return self._error(refused)
        if asked.path.endswith("chat.update"):
            if document.get("ts") not in self.posts:
                return self._error("message_not_found")
            self.posts[document["ts"]] = document
            return Answer(200, json.dumps({"ok": True, "channel": document["channel"], "ts": document["ts"]}))
        ts = f"1503435956.{len(self.posts) + len(self.replies):06d}"
        if document.get("thread_ts"):
            self.replies.append(document)
        else:
            self.posts[ts] = document
        return Answer(200, json.dumps({"ok": True, "channel": document["channel"], "ts": ts}))

    def _read(self, asked: Asked) -> Answer:
        """Methods that only read take a form, and tell what the token may do."""
        form = dict(parse_qsl(asked.body.decode()))
        said: dict[str, Any] = {"ok": True, "user": "parapet", "team": "Shop"}
        if asked.path.endswith("conversations.info"):
            said = {"ok": True, "channel": self.about}
            if form.get("channel") not in self._channels:
                said = {"ok": False, "error": "channel_not_found"}
            if "channels:read" not in self.scopes:
                said = {"ok": False, "error": "missing_scope"}
        return Answer(200, json.dumps(said), {"X-OAuth-Scopes": self.scopes})

    @staticmethod
    def limited(seconds: int) -> Answer:
        """Too many calls of one method."""
        return Answer(429, json.dumps({"ok": False, "error": "ratelimited"}), {"Retry-After": f"{seconds}"})

    @staticmethod
    def _error(word: str) -> Answer:
        return Answer(200, json.dumps({"ok": False, "error": word}))


def teams(asked: Asked) -> Answer:
    """A workflow with the trigger "when a Teams webhook request is received"."""
    if asked.method != "POST":
        return Answer(405)
    if len(asked.body) > 28 * 1024:
        return Answer(413, "Request Entity Too Large")
    first = asked.document["attachments"][0]
    if first["contentType"] != "application/vnd.microsoft.card.adaptive" or first["content"]["type"] != "AdaptiveCard":
        return Answer(400, json.dumps({"error": {"code": "TriggerInputSchemaMismatch"}}))
    return Answer(202)


class Pager:
    """PagerDuty's Events API v2."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.incidents: dict[str, str] = {}

    def __call__(self, asked: Asked) -> Answer:
        event = asked.document
        if event.get("routing_key") != self._key:
            errors = ["Invalid routing key"]
            return Answer(
                400, json.dumps({"status": "invalid event", "message": "Event object is invalid", "errors": errors})
            )
        action, key = event["event_action"], event["dedup_key"]
        if action == "trigger" and not {"summary", "source", "severity"} <= event["payload"].keys():
            return Answer(400, json.dumps({"status": "invalid event", "errors": ["payload is incomplete"]}))
        if action == "trigger" and len(event["payload"]["summary"]) > 1_024:
            return Answer(400, json.dumps({"status": "invalid event", "errors": ["summary is too long"]}))
        self.incidents[key] = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}[action]
        return Answer(202, json.dumps({"status": "success", "message": "Event processed", "dedup_key": key}))


class _Listening(Controller):
    """On a free port."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class Mail:
    """An SMTP server that speaks STARTTLS and wants a password; it answers as told."""

    def __init__(self, folder: Path, *, password: str | None = None, tls: bool = True) -> None:
        self.received: list[Envelope] = []
        self.encrypted: list[bool] = []
        self.at_mail = ""
        self.at_recipient: dict[str, str] = {}
        self.at_data = ""
        context = None
        self.trust = None
        if tls:
            certificate, key = folder / "certificate.pem", folder / "key.pem"
            subprocess.run(
                f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} "
                f"-out {certificate} -days 2 -subj /CN=localhost "
                "-addext subjectAltName=DNS:localhost,IP:127.0.0.1".split(),
                check=True,
                capture_output=True,
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.trust = ssl.create_default_context(cafile=str(certificate))

        def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
            given = isinstance(data, LoginPassword) and data.password.decode() == password
            return AuthResult(success=given, handled=False)

        self._controller = _Listening(
            self,
            hostname="127.0.0.1",
            port=0,
            tls_context=context,
            require_starttls=tls,
            authenticator=check if password else None,
            auth_required=password is not None,
        )
        self._controller.start()
        self.port: int = self._controller.port

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_mail:
            return self.at_mail
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.at_recipient:
            return self.at_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.at_data:
            return self.at_data
        self.received.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def stop(self) -> None:
        self._controller.stop()
