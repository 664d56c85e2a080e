from celery import Celery

queue = Celery("ledger", broker="redis://127.0.0.1:6379/0")


@queue.task
def close_books() -> None:
    """Once a night."""
