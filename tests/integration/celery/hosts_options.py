"""The options of a host's Celery application that has none of its own but the broker."""

import os

broker_url = os.environ["HOST_BROKER"]
# Earlier than Celery's own pauses, so that a test need not wait for a broker that is back.
broker_connection_max_retries = None
broker_connection_retry_on_startup = True
