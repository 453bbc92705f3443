"""The upload of one object, from its first byte until it is readable or withdrawn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ticket_export.application.ports.export_storage import ObjectWriter
from ticket_export.application.ports.supports_interrupt import SupportsInterrupt
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.bases.sending import Sending


class Upload(Protocol):
    """What a store does with the bytes of one object.

    Every call to the store is one of `sending`, so that `interrupt` ends all waits.
    """

    sending: Sending

    @abstractmethod
    def write(self, data: bytes, /) -> None:
        """Append `data`.

        Raises:
            StorageError: earlier data could not be written, or the upload was interrupted.
        """

    @abstractmethod
    def publish(self) -> None:
        """Make the whole object readable; it replaces an existing one.

        Raises:
            StorageError: as far as the store shows, the object cannot be read.
        """

    @abstractmethod
    def withdraw(self) -> None:
        """Remove what is there, also the object itself if it was published after all.

        It raises no error of the store, because another error is already being raised. At worst something stays that
        nobody can read, or an object that no export knows; the sweep removes it.
        """

    def interrupt(self) -> None:
        """Make the calls that wait for the store fail, and all later ones but `withdraw`."""
        self.sending.interrupt()


@contextmanager
def uploading(upload: Upload) -> Iterator[ObjectWriter]:
    """Publish what the block writes. If the block fails, or publishing does, withdraw it.

    A process that is to end does not wait for a store that does not respond.
    """
    writer = _Writer(upload)
    try:
        try:
            yield writer
        finally:
            writer.is_over = True
        upload.publish()
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            upload.interrupt()
        upload.sending.end(upload.withdraw)
        raise


class _Writer(ObjectWriter, SupportsInterrupt):
    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self.is_over = False

    def write(self, data: bytes, /) -> None:
        """See `Upload.write`. After the block, it would begin another upload, which nothing ends."""
        self._upload.sending.require()
        if self.is_over:
            raise StorageError("the file could not be written: its block has ended")
        self._upload.write(data)

    def interrupt(self) -> None:
        """See `SupportsInterrupt.interrupt`."""
        self._upload.interrupt()
