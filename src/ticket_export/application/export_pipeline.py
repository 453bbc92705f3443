"""From a query to a whole file in the storage, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ticket_export.application.csv_format import CONTENT_TYPE
from ticket_export.application.progress import Progress
from ticket_export.domain.progress_stage import ProgressStage
from ticket_export.errors import RowCountMismatchError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ticket_export.application.csv_format import CsvFormat
    from ticket_export.application.ports.export_storage import ExportStorage
    from ticket_export.application.ports.ticket_source import TicketReader, TicketSource
    from ticket_export.application.progress import ProgressListener
    from ticket_export.application.ticket_query import TicketQuery


@attrs.frozen
class WrittenFile:
    """A file that can be read under `key`: `length` bytes, `rows` records besides the header."""

    key: str
    length: int
    rows: int


def write_export(
    query: TicketQuery,
    key: str,
    *,
    source: TicketSource,
    storage: ExportStorage,
    csv_format: CsvFormat,
    report: ProgressListener,
    watching: Callable[[TicketReader], AbstractContextManager[None]],
) -> WrittenFile:
    """Write the rows of `query` under `key`; if anything raises, nothing is readable there.

    Count and rows are of one snapshot, which is released before the file is published. The reader is
    in use inside of what `watching` gives for it.

    Raises:
        TicketSourceError: the tickets could not be read.
        StorageError: the file could not be written.
        RowCountMismatchError: the rows written are not the rows counted.
    """
    rows = 0
    with storage.open_writer(key, CONTENT_TYPE) as writer:
        with source.open(query, csv_format) as reader, watching(reader):
            report(Progress(ProgressStage.COUNTING))
            total = reader.count()
            header = csv_format.header(query.columns)
            writer.write(header)
            length = len(header)
            for block in reader.blocks():
                writer.write(block.data)
                length += len(block.data)
                rows += block.rows
                report(Progress(ProgressStage.EXPORTING, rows, total))
        if rows != total:
            raise RowCountMismatchError(counted=total, written=rows)
        report(Progress(ProgressStage.UPLOADING, rows, total))
    return WrittenFile(key, length, rows)
