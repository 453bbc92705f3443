"""Run ``ticket-export`` as ``python -m ticket_export.entrypoints.cli``."""

import sys

from ticket_export.entrypoints.cli.main import main

sys.exit(main())
