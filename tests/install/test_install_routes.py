"""Routes that are listed for a person to choose from: as they are served, so that a promise about them holds."""

from __future__ import annotations

from tests.install.conftest import Host

ROUTERS = {
    "shop/__init__.py": "",
    "shop/main.py": "from fastapi import FastAPI\nfrom shop import api\n\napp = FastAPI()\n"
    'app.include_router(api.v1, prefix="/api")\n',
    "shop/api.py": "from fastapi import APIRouter\nfrom .rooms import router as rooms\n\n"
    'v1 = APIRouter(prefix="/v1")\nv1.include_router(rooms)\n',
    "shop/rooms.py": 'from fastapi import APIRouter\n\nrouter = APIRouter(prefix="/rooms")\n\n\n'
    '@router.post("/{number}/bookings")\ndef book(number: int): ...\n',
}
BLUEPRINTS = {
    "app.py": "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    from bills import bp\n\n"
    '    app.register_blueprint(bp, url_prefix="/bills")\n    return app\n',
    "bills.py": 'from flask import Blueprint\n\nbp = Blueprint("bills", __name__, url_prefix="/replaced")\n\n\n'
    '@bp.post("/<int:number>/pay")\ndef pay(number): ...\n',
}


def listed(host: Host, files: dict[str, str]) -> str:
    """What would be written of one application."""
    for name, text in files.items():
        host.put(name, text)
    diff: str = host.run("install", "--dry-run", "--json").json["diff"]
    return diff


def test_prefixes_of_routers_are_part_of_a_route(empty: Host) -> None:
    """Those where they are made and those where they are included, one within the other."""
    assert "#   POST /api/v1/rooms/{number}/bookings " in listed(empty, ROUTERS)


def test_a_blueprint_that_is_registered_with_a_prefix_loses_its_own(empty: Host) -> None:
    """As Flask does it."""
    assert "#   POST /bills/<int:number>/pay " in listed(empty, BLUEPRINTS)
