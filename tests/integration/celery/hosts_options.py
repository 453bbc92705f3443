"""The options of a host's Celery application that has none of its own but the broker."""

import os
from pathlib import Path

broker_url = os.environ.get("HOST_BROKER")
broker_connection_retry_on_startup = True


def environment(broker: str, options: str = __name__) -> dict[str, str]:
    """Return the variables for a process of the application, with the options of that module."""
    return {"HOST_BROKER": broker, "HOST_OPTIONS": options, "PYTHONPATH": str(Path(__file__).parents[3])}
