"""Every error that ticket-export raises on purpose.

::

    TicketExportError
    ├── InvalidTransitionError      (ValueError)       a job or task was moved against its lifecycle
    ├── UnknownDeveloperNameError   (LookupError)      no status or permission has this developer name
    ├── InvalidPayloadError         (ValueError)       a view that cannot be exported; lists every problem
    ├── NotPermittedError           (PermissionError)  the actor lacks the right
    ├── ExportNotFoundError         (LookupError)      no such export, or one the actor may not see
    ├── TooManyExportsError                            the actor has reached the limit of active exports
    ├── DownloadUnavailableError
    │   ├── ExportNotReadyError                        the export has no file: queued, running or failed
    │   └── ExportExpiredError                         the file's retention is over
    ├── ExportFailure                                  ends a running export; the message is safe to show
    │   ├── TicketSourceError                          the tickets could not be read
    │   │   └── TicketsUnavailableError                their database is down or busy; an attempt may succeed later
    │   ├── RowCountMismatchError                      rows written differ from the rows counted
    │   ├── StorageError            (OSError)          the file could not be written or read
    │   │   ├── InvalidKeyError     (ValueError)       a key that is malformed or would leave the root
    │   │   ├── ObjectNotFoundError (LookupError)      no readable object has this key
    │   │   ├── StorageUnavailableError                the store is away or busy; an attempt may succeed later
    │   │   ├── StorageNotOwnedError                   another copy of the database deletes files there
    │   │   └── UnknownPlaceError                      the file is in a storage that no setting names
    │   ├── ListenerStuckError                         the progress callback does not return
    │   ├── StaleViewError                             the stored view no longer fits the catalog
    │   └── PermissionLostError                        the requester may no longer export tickets
    ├── WorkerShortageError                            the process lacks open files, threads or memory
    ├── LeaseLostError                                 another attempt has the task, or the job has ended
    ├── JobDatabaseError                               the database of jobs or users failed
    ├── UserNotForgottenError                          some of a user's exports could not be deleted yet
    └── ConfigurationError          (ValueError)       wiring or settings that cannot work
        ├── MissingExtraError       (ImportError)      an optional dependency is not installed
        ├── SchemaMismatchError                        the database's tables do not fit; lists every difference
        │   └── MissingTableError                      a table of the host is missing
        └── UnsupportedDialectError                    a database that the ticket source cannot read

A message says what is wrong, where, and what to do. The text of an `ExportFailure` is safe to show to a user; its
``__cause__`` may hold a driver's text, a path or a credential, and goes to the log only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final, Self
from uuid import UUID

__all__ = [
    "ConfigurationError",
    "DownloadUnavailableError",
    "ExportExpiredError",
    "ExportFailure",
    "ExportNotFoundError",
    "ExportNotReadyError",
    "InvalidKeyError",
    "InvalidPayloadError",
    "InvalidTransitionError",
    "JobDatabaseError",
    "LeaseLostError",
    "ListenerStuckError",
    "MissingExtraError",
    "MissingTableError",
    "NotPermittedError",
    "ObjectNotFoundError",
    "PermissionLostError",
    "RowCountMismatchError",
    "SchemaMismatchError",
    "StaleViewError",
    "StorageError",
    "StorageNotOwnedError",
    "StorageUnavailableError",
    "TicketExportError",
    "TicketSourceError",
    "TicketsUnavailableError",
    "TooManyExportsError",
    "UnknownDeveloperNameError",
    "UnknownPlaceError",
    "UnsupportedDialectError",
    "UserNotForgottenError",
    "WorkerShortageError",
]


class TicketExportError(Exception):
    """The base class of all errors that the library raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # Errors are pickled on their way to another process. Python would call the class with the finished text, which
        # the constructors of the subclasses do not take.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(error_type: type[TicketExportError], args: tuple[object, ...], state: dict[str, object]) -> object:
    error = error_type.__new__(error_type, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _shortened(text: str, size: int) -> str:
    encoded = _utf_8(text)
    return text if len(encoded) <= size else encoded[: size - 3].decode(errors="ignore") + "…"


def _utf_8(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


class InvalidTransitionError(TicketExportError, ValueError):
    """A job or a task cannot make this change in its present state."""


class UnknownDeveloperNameError(TicketExportError, LookupError):
    """No status or permission has this developer name."""

    def __init__(self, what: str, developer_name: object, known: Iterable[str]) -> None:
        self.developer_name = developer_name
        super().__init__(f"unknown {what} {developer_name!a}; known are: {', '.join(known)}")


class InvalidPayloadError(TicketExportError, ValueError):
    """A view that cannot be exported; its text is shorter than 2,000 bytes.

    Attributes:
        problems: one text a problem, which begins with its place in the view (``filters[0].value: …``). Of more than
            20 problems, or of long ones, these are the first ones, and the last text is the number of the others.
    """

    #: The most problems that are listed.
    MOST: Final = 20
    # UTF-8 bytes: of all problems together, and of one.
    _LONGEST, _LONGEST_PROBLEM = 1_800, 500

    def __init__(self, problems: Sequence[str], *, more: int = 0) -> None:
        """`more` is the number of the other problems of the view."""
        count = len(problems) + more
        texts = [_shortened(problem, self._LONGEST_PROBLEM) for problem in problems[: self.MOST]]
        sizes = accumulate(len(_utf_8(text)) for text in texts)
        told = texts[: sum(size <= self._LONGEST for size in sizes)]
        if len(told) < count:
            told.append(f"and {count - len(told):,} more")
        self.problems: tuple[str, ...] = tuple(told)
        heading = "the view has a problem" if count == 1 else f"the view has {count:,} problems"
        super().__init__(f"{heading}: " + "; ".join(told))


class NotPermittedError(TicketExportError, PermissionError):
    """The actor lacks the right to do this."""


class ExportNotFoundError(TicketExportError, LookupError):
    """The export does not exist, or the actor may not see it; both errors are the same."""

    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        super().__init__(f"export {job_id} was not found")


class TooManyExportsError(TicketExportError):
    """The actor has reached the limit of queued and running exports."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        count = "one export is" if limit == 1 else f"{limit} exports are"
        super().__init__(
            f"{count} queued or running for you already, which is the limit; wait until one has ended, or cancel one"
        )


class DownloadUnavailableError(TicketExportError):
    """The actor may download the export, but it has no file."""


class ExportNotReadyError(DownloadUnavailableError):
    """The export is queued or running, or it failed."""


class ExportExpiredError(DownloadUnavailableError):
    """The retention of the export is over; its file is deleted, or will be soon."""


class ExportFailure(TicketExportError):
    """Ends a running export. The message is safe to show to the requester."""


class TicketSourceError(ExportFailure):
    """The tickets could not be read. The driver's own error is the ``__cause__``."""


class TicketsUnavailableError(TicketSourceError):
    """The database of the tickets is down or too busy. Only the attempt is lost; a later one may succeed."""


class RowCountMismatchError(ExportFailure):
    """The number of rows written differs from the number counted in the same snapshot."""

    def __init__(self, *, counted: int, written: int) -> None:
        self.counted = counted
        self.written = written
        super().__init__(f"{written} rows were written but {counted} were counted; the file was discarded")


class StorageError(ExportFailure, OSError):
    """An object could not be written, read, listed or deleted."""


class ListenerStuckError(ExportFailure):
    """The callback for the progress of an export was called so many `seconds` ago and has not returned."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The progress callback has not returned for {seconds:g} s.")


class InvalidKeyError(StorageError, ValueError):
    """A key that is malformed or would leave the storage's root."""


class ObjectNotFoundError(StorageError, LookupError):
    """No readable object has this key."""


class StorageUnavailableError(StorageError):
    """The store is away or too busy. Only the attempt is lost; a later one may succeed."""

    @classmethod
    def took_nothing(cls, seconds: float) -> Self:
        """Return the error of a storage that has accepted no data for so long."""
        return cls(f"The storage accepted no data for {seconds:g} s.")


class StorageNotOwnedError(StorageError):
    """This database does not own the storage at `place`, so it may not delete objects there."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        self.why = why
        super().__init__(f"{place}: {why}")


class UnknownPlaceError(StorageError):
    """The file is in a storage that the settings do not name.

    Attributes:
        place: the URL that names the storage. It is not in the text, which users see. Of a file of an older version
            only the beginning of the URL is known, such as ``s3://...``.
    """

    def __init__(self, place: str, text: str | None = None) -> None:
        self.place = place
        super().__init__(
            text
            or "the file is in a storage that this process does not know; its log names the URL to add to "
            "TICKET_EXPORT_FORMER_STORAGE_URLS"
        )


class StaleViewError(ExportFailure):
    """The view was valid when it was requested, but the catalog has changed."""


class PermissionLostError(ExportFailure):
    """The requester may no longer export tickets."""


class WorkerShortageError(TicketExportError):
    """The process that runs an export has run out of `lacking`, such as ``open files``; the export is tried again."""

    def __init__(self, lacking: str) -> None:
        self.lacking = lacking
        super().__init__(
            f"this process has run out of {lacking} and could not run an export; raise its limits "
            "(ulimit, systemd's LimitNOFILE, TasksMax and MemoryMax), or let it run fewer exports at a time"
        )


class LeaseLostError(TicketExportError):
    """Another attempt has taken over the task, or the job has ended; this attempt must stop and change nothing."""


class JobDatabaseError(TicketExportError):
    """The database of jobs, tasks and users failed. The driver's own error is the ``__cause__``."""


class UserNotForgottenError(TicketExportError):
    """Some of a user's exports could not be deleted: a storage or the database failed. Another call does the rest."""


class ConfigurationError(TicketExportError, ValueError):
    """The settings or the wiring cannot work."""


class MissingExtraError(ConfigurationError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, needed_for: str) -> None:
        self.extra = extra
        super().__init__(f"{needed_for} needs an optional dependency: pip install 'ticket-export[{extra}]'")


class SchemaMismatchError(ConfigurationError):
    """The tables of the database do not fit. Nothing was changed.

    Attributes:
        differences: one text a difference: the table or column, what is wrong, and what to do.
    """

    def __init__(self, differences: Sequence[str]) -> None:
        self.differences: tuple[str, ...] = tuple(differences)
        count = "a difference" if len(self.differences) == 1 else f"{len(self.differences)} differences"
        lines = "".join(f"\n- {difference}" for difference in self.differences)
        super().__init__(f"the database has {count} from the tables that exports need; nothing was changed:{lines}")


class MissingTableError(SchemaMismatchError):
    """A table of the host application does not exist; other differences may be listed too."""


class UnsupportedDialectError(ConfigurationError):
    """The ticket source cannot read this database."""
