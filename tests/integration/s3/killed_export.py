"""A process that makes one export, and is to be killed meanwhile: python -m tests.integration.s3.killed_export JOB."""

from __future__ import annotations

import sys
from uuid import UUID

from ticket_export import TicketExportContainer

if __name__ == "__main__":
    TicketExportContainer().run_export()(UUID(sys.argv[1]))
