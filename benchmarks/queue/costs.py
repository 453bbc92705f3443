"""Measures queued exports, their rows alone, and their durable files and commits alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time
from uuid import UUID

import attrs

from benchmarks.queue.desk import QueueDesk
from ticket_export.application.dto import ExportJobDto
from ticket_export.application.formats.csv_format import CsvFormat
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.testing.entities import AN_ACTOR

# A job is claimed in one transaction and completed in another.
_COMMITS = 2


@attrs.frozen
class Costs:
    """Seconds for the same number of exports each."""

    jobs: int
    requesting: float
    draining: float
    draining_cpu: float
    reading: float
    bare: float


def measure_costs(desk: QueueDesk, folder: Path) -> Costs:
    """One round: request all views, run them with one worker, read the same rows, write as many bare files."""
    began = perf_counter()
    requested = desk.request(desk.views)
    requesting = perf_counter() - began
    ended: list[ExportJobDto] = []
    worker = desk.container.worker()
    began, began_cpu = perf_counter(), process_time()
    worker.drain(on_end=ended.append)
    draining, draining_cpu = perf_counter() - began, process_time() - began_cpu
    _require_all_complete(requested, ended, rows=desk.rows)
    reading, files = _read(desk)
    return Costs(len(requested), requesting, draining, draining_cpu, reading, _write_bare(files, folder))


def _require_all_complete(requested: Sequence[UUID], ended: Sequence[ExportJobDto], *, rows: int) -> None:
    good = sorted(job.id for job in ended if job.status == "completed" and job.row_count == rows)
    assert good == sorted(requested), f"of {len(requested)} exports {len(good)} are complete with {rows} rows"


def _read(desk: QueueDesk) -> tuple[float, list[bytes]]:
    """Read and encode the rows of every view into memory."""
    source, csv_format = desk.container.ticket_source(), CsvFormat()
    now = datetime.now(UTC)
    queries = [TicketQuery.of(view, source.columns(AN_ACTOR), actor=AN_ACTOR, as_of=now) for view in desk.views]
    files = []
    began = perf_counter()
    for query in queries:
        with source.open(query, csv_format) as reader:
            blocks = [block.data for block in reader.blocks()]
            files.append(b"".join([csv_format.container(query.columns).begin(), *blocks]))
    return perf_counter() - began, files


def _write_bare(files: Sequence[bytes], folder: Path) -> float:
    """Write each file as durably as the storage does, with the commits of a job and nothing else."""
    folder.mkdir()
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    with closing(database):
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT, commits INTEGER)",
        ):
            database.execute(statement)
        (folder / "exports").mkdir()
        database.executemany("INSERT INTO jobs VALUES (?, 'queued', 0)", ([number] for number in range(len(files))))
        began = perf_counter()
        for number, file in enumerate(files):
            _commit(database, number)
            _write_durably(file, folder / "exports" / str(number) / "1" / "tickets.csv", root=folder)
            for _ in range(_COMMITS - 1):
                _commit(database, number)
        return perf_counter() - began


def _commit(database: sqlite3.Connection, number: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE jobs SET commits = commits + 1 WHERE id = ?", [number])
    database.execute("COMMIT")


def _write_durably(data: bytes, path: Path, *, root: Path) -> None:
    partial = root / "partial"
    with partial.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    path.parent.mkdir(parents=True)
    partial.replace(path)
    for directory in path.parents:
        descriptor = os.open(directory, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        if directory == root:
            return
