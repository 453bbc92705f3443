"""Contract suites: the promises of each port, as tests to inherit. Needs ``ticket-export[testing]``.

Subclass a suite in a test module, override its fixture and its back door, and pytest runs every claim::

    class TestMyStorage(StorageContract[MyStorage]):
        @pytest.fixture
        def storage(self, tmp_path: Path) -> MyStorage:
            return MyStorage(tmp_path)

        def put_behind(self, storage: MyStorage, key: str, data: bytes) -> None:
            storage.path_of(key).write_bytes(data)

        def get_behind(self, storage: MyStorage, key: str) -> bytes | None: ...

The back door is every method named ``…_behind`` or ``put_…``. It reads and writes without the adapter, so that the
suite proves each direction alone. pytest skips the tests of an optional ability that the adapter lacks, and names it.

`EngineContract` is chaos over a job engine: it kills the engine's processes and disturbs its hints.

`ticket_export.testing.memory` has the in-memory adapters. It needs neither pytest nor hypothesis, so this module loads
a suite only when its name is used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from ticket_export.errors import MissingExtraError

if TYPE_CHECKING:
    from ticket_export.testing.audit_log import AuditLogContract
    from ticket_export.testing.clock import ClockContract
    from ticket_export.testing.compression import CompressionContract
    from ticket_export.testing.engines.engine_contract import EngineContract
    from ticket_export.testing.engines.job_engine import JobEngine, SupportsBroker, SupportsDatabaseRestart
    from ticket_export.testing.file_format import FileFormatContract
    from ticket_export.testing.storage import StorageContract
    from ticket_export.testing.task_queue import TaskQueueContract
    from ticket_export.testing.tickets.stored_tickets import TICKET_COLUMNS, StoredTicket
    from ticket_export.testing.tickets.ticket_source import TicketSourceContract
    from ticket_export.testing.unit_of_work import UnitOfWorkContract
    from ticket_export.testing.user_directory import UserDirectoryContract

__all__ = [
    "TICKET_COLUMNS",
    "AuditLogContract",
    "ClockContract",
    "CompressionContract",
    "EngineContract",
    "FileFormatContract",
    "JobEngine",
    "StorageContract",
    "StoredTicket",
    "SupportsBroker",
    "SupportsDatabaseRestart",
    "TaskQueueContract",
    "TicketSourceContract",
    "UnitOfWorkContract",
    "UserDirectoryContract",
]

_MODULES = {
    "TICKET_COLUMNS": "tickets.stored_tickets",
    "AuditLogContract": "audit_log",
    "ClockContract": "clock",
    "CompressionContract": "compression",
    "EngineContract": "engines.engine_contract",
    "FileFormatContract": "file_format",
    "JobEngine": "engines.job_engine",
    "StorageContract": "storage",
    "StoredTicket": "tickets.stored_tickets",
    "SupportsBroker": "engines.job_engine",
    "SupportsDatabaseRestart": "engines.job_engine",
    "TaskQueueContract": "task_queue",
    "TicketSourceContract": "tickets.ticket_source",
    "UnitOfWorkContract": "unit_of_work",
    "UserDirectoryContract": "user_directory",
}
# A failed assertion then shows its values, as in a test module.
if (_pytest := sys.modules.get("pytest")) is not None:
    _pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name in {"hypothesis", "psutil", "pytest"}:
            raise MissingExtraError("testing", "a contract suite") from error
        raise
