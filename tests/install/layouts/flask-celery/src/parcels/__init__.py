import os

from celery import Celery, Task
from flask import Flask


def create_app(config: dict | None = None) -> Flask:
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(
        SECRET_KEY=os.environ.get("SECRET_KEY", "dev"),
        CELERY={"broker_url": "redis://localhost", "task_ignore_result": True},
    )
    app.config.from_prefixed_env()
    if config is not None:
        app.config.update(config)
    celery_init_app(app)

    from . import tracking

    app.register_blueprint(tracking.bp)

    @app.get("/healthz")
    def healthz():
        return {"ok": True}

    @app.cli.command("db-upgrade")
    def db_upgrade():
        """Nothing to do."""

    return app


def celery_init_app(app: Flask) -> Celery:
    class FlaskTask(Task):
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery_app = Celery(app.name, task_cls=FlaskTask)
    celery_app.config_from_object(app.config["CELERY"])
    celery_app.set_default()
    app.extensions["celery"] = celery_app
    return celery_app
