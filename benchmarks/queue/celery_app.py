"""A host's Celery application: the one of its workers, and of the process that requests exports."""

from __future__ import annotations

import os

from celery import Celery

from benchmarks.queue.version import BROKER_VARIABLE
from ticket_export import TicketExportContainer
from ticket_export.celery import install

app = Celery("desk", broker=os.environ[BROKER_VARIABLE])
container = TicketExportContainer()
install(app, container)
