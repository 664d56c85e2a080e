import os

from flask import Flask


def create_app(config=None):
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(SECRET_KEY=os.environ.get("SECRET_KEY", "dev"), **(config or {}))

    from notes import pages

    app.register_blueprint(pages.blueprint, url_prefix="/notes")
    return app
