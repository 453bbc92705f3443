"""Contract suites: what an adapter must keep, as tests to inherit. Needs ``ticket-export[testing]``."""

from __future__ import annotations

from ticket_export.errors import MissingExtraError

try:
    import hypothesis as _hypothesis  # noqa: F401
    import pytest
except ImportError as error:
    raise MissingExtraError("testing", "a contract suite") from error

# A failed assertion shows its values in an adapter author's run as it does in ours.
pytest.register_assert_rewrite(
    "ticket_export.testing.job_pages",
    "ticket_export.testing.job_queries",
    "ticket_export.testing.audit_log",
    "ticket_export.testing.storage",
    "ticket_export.testing.task_queue",
    "ticket_export.testing.unit_of_work",
    "ticket_export.testing.user_directory",
)
