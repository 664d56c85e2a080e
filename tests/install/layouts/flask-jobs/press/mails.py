import os

from celery import Celery

mails = Celery("mails", broker=os.environ.get("REDIS_URL", "redis://localhost"))


@mails.task(ignore_result=True)
def send(number: int) -> None:
    """Tell the readers that a new issue is out."""
