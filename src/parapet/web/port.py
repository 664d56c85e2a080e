"""A port of its own for alerts: a process beside the host takes them, so that no storm is felt in the host's."""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError
from parapet.web.request import Request

HOOK = "/hooks/alertmanager"
CONNECTIONS_WAITING = 4_096
"""Alertmanager opens one for every group at once; what the system allows may be less."""


def serve_alerts(parapet: Parapet, port: int, *, host: str = "127.0.0.1", told: Callable[[str], None]) -> None:
    """Take alerts at *port* until SIGTERM or Ctrl-C, below the path that `Wiring.webhook_url` has; and show `/metrics`.

    It needs nothing but the evidence. Nobody can sign in here: people use the workbench that the host mounts.

    Args:
        port: 0 takes a free one.
        told: hears the address of the hook, once it is listened on.

    Raises:
        ConfigurationError: Starlette or uvicorn is not installed, the service has no webhook tokens or no form key, or
            the port is taken.
    """
    try:
        import uvicorn
        from starlette.applications import Starlette
        from starlette.routing import Mount, Route

        from parapet.web.starlette import metrics, workbench
    except ImportError as error:
        raise ConfigurationError(
            f"{error.name} is not installed. A port for alerts needs: pip install 'parapet-ops[starlette]' "
            "'uvicorn[standard]'"
        ) from error
    if not parapet.secrets.webhook_tokens:
        raise ConfigurationError("The service has no webhook_tokens, so nobody may hand in alerts. Set one in Secrets.")
    path = urlsplit(parapet.wiring.webhook_url).path
    root = path.removesuffix(HOOK) if path.endswith(HOOK) else ""
    app = Starlette(routes=[Route("/metrics", metrics(parapet)), Mount(root, workbench(parapet, authenticate=_nobody))])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror}. Give a free port.") from error
    with listening:
        shown = f"[{host}]" if ":" in host else host
        told(f"http://{shown}:{listening.getsockname()[1]}{root}{HOOK}")
        config = uvicorn.Config(app, backlog=CONNECTIONS_WAITING, log_level="warning", access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])


def _nobody(request: Request) -> None:
    return None
