"""The way from a query to a file in the storage, block by block."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import attrs

from ticket_export.application.file.export_file import WrittenFile
from ticket_export.application.file.file_type import FileType
from ticket_export.application.ports.compression import Compressor
from ticket_export.application.ports.export_storage import ExportStorage, ObjectWriter
from ticket_export.application.ports.file_format import FileContainer, RowBlock
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.run.export_watch import ExportWatch, WatchedWriter
from ticket_export.application.run.progress import Progress, ProgressListener
from ticket_export.application.run.write_behind import Step, WriteBehind
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import ListenerStuckError, RowCountMismatchError, StorageError, StorageUnavailableError

#: The number of blocks that may wait for the storage while the next one is read.
READ_AHEAD = 4


@attrs.frozen(kw_only=True)
class ExportPipeline:
    """Writes the rows of a query into a storage.

    It reads at most `read_ahead` blocks ahead of compressing, hashing and writing. If the storage or the listener takes
    nothing for `patience` while there are rows to read, the snapshot ends and an error is raised.
    """

    source: TicketSource
    storage: ExportStorage
    patience: timedelta
    read_ahead: int = READ_AHEAD

    def write(
        self, query: TicketQuery, key: str, file_type: FileType, watch: ExportWatch, on_progress: ProgressListener
    ) -> WrittenFile:
        """Write the rows of `query` as a file of `file_type` under `key`. After an error, nothing is readable there.

        Count and rows come from one snapshot, which is released as soon as the last row is read. It waits for the
        storage and the listener no longer than `patience`.

        Raises:
            TicketSourceError: the tickets could not be read.
            StorageError: the file could not be written.
            StorageUnavailableError: the storage is away or too busy, or has taken nothing for `patience`.
            ListenerStuckError: `on_progress` did not return.
            RowCountMismatchError: the rows written are not the rows counted.
        """

        def report(progress: Progress) -> None:
            watch.tell(progress)
            on_progress(progress)

        with WatchedWriter.opened(self.storage, key, file_type.content_type, watch) as writer:

            def took_nothing(seconds: float) -> StorageError:
                # Only now, so that the thread of the steps ends too.
                writer.interrupt()
                return StorageUnavailableError.took_nothing(seconds)

            container = file_type.format.container(query.columns)
            content = _Content(writer, container, file_type.compressor())
            steps = [
                Step(content.write, late=took_nothing),
                # No limit: the database of the jobs may be slow, and that must not fail the export.
                Step(lambda block: watch.tell(content.progress) if block.rows else None),
                Step(lambda block: on_progress(content.progress) if block.rows else None, late=ListenerStuckError),
            ]
            behind = WriteBehind(steps, require=watch.require_job, ahead=self.read_ahead, patience=self.patience)
            report(Progress(ProgressStage.COUNTING))
            with behind, self.source.open(query, file_type.format) as reader, watch.interrupting(reader):
                content.total = reader.count()
                behind.put(RowBlock(b"", rows=0))
                for block in reader.blocks():
                    behind.put(block)
            if content.rows != content.total:
                raise RowCountMismatchError(counted=content.total, written=content.rows)
            content.finish()
            report(Progress(ProgressStage.UPLOADING, content.rows, content.total))
        return WrittenFile(key, content.length, content.rows, content.digest.hexdigest(), container.changes)


class _Content:
    """The content that is written so far, of `total` rows."""

    def __init__(self, writer: ObjectWriter, container: FileContainer, compressor: Compressor | None) -> None:
        self.total = self.rows = self.length = 0
        self.digest = sha256()
        self._writer = writer
        self._container = container
        self._compressor = compressor
        self._has_begun = False

    @property
    def progress(self) -> Progress:
        return Progress(ProgressStage.EXPORTING, self.rows, self.total)

    def write(self, block: RowBlock) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._pack(self._container.begin())
        self._pack(self._container.add(block))
        self.rows += block.rows

    def finish(self) -> None:
        self._pack(self._container.end())
        if self._compressor:
            self._store(self._compressor.flush())

    def _pack(self, data: bytes) -> None:
        self._store(self._compressor.compress(data) if self._compressor else data)

    def _store(self, data: bytes) -> None:
        if data:
            self._writer.write(data)
            self.digest.update(data)
            self.length += len(data)
