"""Contract suites: what an adapter must keep, as tests to inherit. Needs ``ticket-export[testing]``.

Subclass a suite in a test module, give the adapter and a back door, and pytest runs every claim::

    class TestMyStorage(StorageContract[MyStorage]):
        @pytest.fixture
        def storage(self, tmp_path: Path) -> MyStorage:
            return MyStorage(tmp_path)

        def put_behind(self, storage: MyStorage, key: str, data: bytes) -> None:
            storage.path_of(key).write_bytes(data)

        def get_behind(self, storage: MyStorage, key: str) -> bytes | None: ...

The back door, every method named ``…_behind`` or ``put_…``, reads and writes without the adapter, so that each
direction is proven alone. An optional ability that the adapter lacks is skipped, with its name.
"""

from __future__ import annotations

from ticket_export.errors import MissingExtraError

try:
    import hypothesis as _hypothesis  # noqa: F401
    import pytest

    # A failed assertion shows its values in an adapter author's run as it does in ours.
    pytest.register_assert_rewrite(
        "ticket_export.testing.audit_log",
        "ticket_export.testing.audited_changes",
        "ticket_export.testing.clock",
        "ticket_export.testing.compression",
        "ticket_export.testing.job_pages",
        "ticket_export.testing.job_queries",
        "ticket_export.testing.queued_tasks",
        "ticket_export.testing.stale_writers",
        "ticket_export.testing.storage",
        "ticket_export.testing.task_queue",
        "ticket_export.testing.ticket_back_door",
        "ticket_export.testing.ticket_cells",
        "ticket_export.testing.ticket_filters",
        "ticket_export.testing.ticket_order",
        "ticket_export.testing.ticket_reading",
        "ticket_export.testing.unit_of_work",
        "ticket_export.testing.user_directory",
    )
except ImportError as error:
    raise MissingExtraError("testing", "a contract suite") from error

from ticket_export.testing.audit_log import AuditLogContract
from ticket_export.testing.clock import ClockContract
from ticket_export.testing.compression import CompressionContract
from ticket_export.testing.storage import StorageContract
from ticket_export.testing.stored_tickets import TICKET_COLUMNS, StoredTicket
from ticket_export.testing.task_queue import TaskQueueContract
from ticket_export.testing.ticket_source import TicketSourceContract
from ticket_export.testing.unit_of_work import UnitOfWorkContract
from ticket_export.testing.user_directory import UserDirectoryContract

__all__ = [
    "TICKET_COLUMNS",
    "AuditLogContract",
    "ClockContract",
    "CompressionContract",
    "StorageContract",
    "StoredTicket",
    "TaskQueueContract",
    "TicketSourceContract",
    "UnitOfWorkContract",
    "UserDirectoryContract",
]
