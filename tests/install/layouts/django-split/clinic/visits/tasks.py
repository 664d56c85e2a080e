from celery import shared_task


@shared_task
def remind(number: int) -> None:
    """Nothing yet."""
