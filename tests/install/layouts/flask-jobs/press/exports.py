import os

from redis import Redis
from rq import Queue

queue = Queue("exports", connection=Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost")))


def write(number: int) -> str:
    """The issue as one file."""
    return f"issue-{number}.pdf"
