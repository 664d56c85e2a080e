from flask import Blueprint

blueprint = Blueprint("pages", __name__)


@blueprint.get("/<int:number>")
def note(number):
    return f"note {number}"
