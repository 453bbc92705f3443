"""Options that a host's Celery application may have for its own tasks, and that would end or lose every export."""

import os

from kombu import Queue

broker_url = os.environ["HOST_BROKER"]
broker_connection_retry_on_startup = True
broker_transport_options = {"visibility_timeout": 1}
result_backend = "cache+memory://"
task_ignore_result = False
task_track_started = True
task_store_errors_even_if_ignored = True
task_acks_late = True
task_reject_on_worker_lost = True
task_retry_on_worker_lost = True
task_time_limit = 1
task_soft_time_limit = 1
task_default_rate_limit = "1/h"
task_default_priority = 9
task_annotations = {"*": {"rate_limit": "1/h", "time_limit": 1, "soft_time_limit": 1, "acks_late": True}}
task_queues = [Queue("elsewhere")]
task_default_queue = "elsewhere"
task_default_exchange_type = "topic"
task_create_missing_queues = False
task_routes = {"*": {"queue": "elsewhere", "exchange": "elsewhere", "routing_key": "elsewhere"}}
task_serializer = "yaml"
accept_content = ["yaml", "json"]
task_publish_retry_policy = {"max_retries": None, "interval_start": 1}
worker_prefetch_multiplier = 4
worker_max_tasks_per_child = 2
enable_utc = False
timezone = "Pacific/Auckland"
beat_schedule = {"the host's own": {"task": "host.own", "schedule": 3600.0}}
