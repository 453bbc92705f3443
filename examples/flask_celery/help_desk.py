"""The Celery of the help desk, without exports: its own tasks are mails and reminders."""

import os

from celery import Celery

celery = Celery("help_desk", broker=os.environ["BROKER_URL"])  # redis://valkey.example/0
