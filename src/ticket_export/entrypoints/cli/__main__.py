"""``python -m ticket_export.entrypoints.cli`` is ``ticket-export``."""

from __future__ import annotations

import sys

from ticket_export.entrypoints.cli.main import main

sys.exit(main())
