from celery import shared_task
from flask import Blueprint

bp = Blueprint("tracking", __name__, url_prefix="/parcels")


@bp.get("/<code>")
def show(code: str):
    return {"code": code}


@bp.route("/<code>/book", methods=["POST"])
def book(code: str):
    return {"booked": True}, 202


@shared_task
def notify(code: str) -> None:
    """Tell whoever waits for it."""
