"""A former storage that cannot be opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, NoReturn

from ticket_export.application.actor import Actor
from ticket_export.application.finding import Finding, warning
from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter, SupportsPlaces
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.secret_url import without_secrets
from ticket_export.errors import StorageError, TicketExportError


class UnusableStorage(ExportStorage, SupportsCheck, SupportsPlaces):
    """In the place of a former storage whose URL, package or setting is wrong.

    New exports do not need it. Every call about a file that may be there raises `StorageError`, so that no file counts
    as deleted.
    """

    def __init__(self, url: str, why: TicketExportError) -> None:
        self._url = url
        self._why = why

    @property
    def provider(self) -> str:
        """The scheme of the URL, which is the name of the library's own storages."""
        return self._url.partition("://")[0].lower()

    @property
    def place(self) -> str:
        """The URL as it was set."""
        return without_secrets(self._url)

    def open_writer(self, key: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
        """Raise `StorageError`."""
        self._refuse()

    def open_reader(self, key: str, start: int = 0) -> AbstractContextManager[BinaryIO]:
        """Raise `StorageError`."""
        self._refuse()

    def delete(self, key: str) -> None:
        """Raise `StorageError`."""
        self._refuse()

    def list(self, prefix: str) -> Iterator[str]:
        """Raise `StorageError`."""
        self._refuse()

    def is_at(self, place: str) -> bool:
        """See `SupportsPlaces.is_at`."""
        return place in {self._url, self.place}

    def require_there(self) -> None:
        """Raise `StorageError`."""
        self._refuse()

    def problems(self, actors: Sequence[Actor]) -> Iterator[Finding]:
        """See `SupportsCheck.problems`. A warning, since new exports work."""
        yield warning(
            "storage",
            f"it cannot be opened: {self._why}",
            "correct TICKET_EXPORT_FORMER_STORAGE_URLS, or remove the URL if no export is there any more",
        )

    def _refuse(self) -> NoReturn:
        raise StorageError("a former storage cannot be opened; the log says why") from self._why
