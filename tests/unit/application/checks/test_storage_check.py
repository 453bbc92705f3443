from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import BinaryIO
from uuid import UUID

import pytest

from ticket_export.application.actor import Actor
from ticket_export.application.checks.storage_check import storage_problems
from ticket_export.application.file.export_file import attempt_of, database_of
from ticket_export.application.finding import Finding, Severity, error
from ticket_export.application.ports.export_storage import ObjectWriter, SupportsSignedUrl
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.errors import StorageError, StorageUnavailableError
from ticket_export.infrastructure.memory.storage import InMemoryStorage

PREFIX = f"exports/{UUID(int=13)}/"


def found(storage: InMemoryStorage, **options: float) -> list[Finding]:
    return list(storage_problems(storage, prefix=PREFIX, url_lifetime=None, **options))


class RecordingStorage(InMemoryStorage):
    """Remembers the keys that were written."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        self.keys.append(key)
        with super().open_writer(key, content_type) as writer:
            yield writer


def test_a_storage_that_works_has_no_finding_and_keeps_nothing() -> None:
    storage = RecordingStorage()
    storage.objects["exports/other"] = b"kept"
    assert found(storage) == []
    assert storage.objects == {"exports/other": b"kept"}


def test_object_of_a_killed_check_is_an_orphan_for_the_sweep() -> None:
    storage = RecordingStorage()
    found(storage)
    (key,) = storage.keys
    assert attempt_of(key) is not None
    assert database_of(key) == UUID(int=13)


class SweptStorage(RecordingStorage):
    """A sweep deletes the first object as soon as it is written."""

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        with super().open_writer(key, content_type) as writer:
            yield writer
        if len(self.keys) == 1:
            self.delete(key)


def test_sweep_during_the_check_is_no_finding() -> None:
    storage = SweptStorage()
    assert found(storage) == []
    assert len(storage.keys) == 2


class OtherBytes(InMemoryStorage):
    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start):
            yield io.BytesIO(b"other")


class EmptyList(InMemoryStorage):
    def list(self, prefix: str) -> Iterator[str]:
        return iter(())


class DeletingNothing(InMemoryStorage):
    def delete(self, key: str) -> None:
        pass


class ReadingNothing(InMemoryStorage):
    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        raise StorageError("The storage refuses access.")
        yield io.BytesIO()


class Broken(InMemoryStorage):
    def delete(self, key: str) -> None:
        raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("storage", "what", "may_pass"),
    [
        (OtherBytes(), "cannot read an object: it returns other bytes than were written", False),
        (EmptyList(), "cannot list objects: an object that was just written is missing in the list", False),
        (DeletingNothing(), "cannot delete an object: an object is still readable after it was deleted", False),
        (Broken(), "cannot delete an object: it raises RuntimeError", False),
        (ReadingNothing(), "cannot read an object: The storage refuses access", True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, InMemoryStorage) else None,
)
def test_what_a_storage_does_wrong_is_a_finding(storage: InMemoryStorage, what: str, may_pass: bool) -> None:
    first = found(storage)[0]
    assert (first.what, first.may_pass) == (f"this process {what}", may_pass)


class ReadingFromTheBeginning(InMemoryStorage):
    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key) as reader:
            yield reader


class RefusingRanges(InMemoryStorage):
    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        if start:
            raise StorageError("The storage sent another part of it.")
        with super().open_reader(key) as reader:
            yield reader


@pytest.mark.parametrize("storage", [ReadingFromTheBeginning(), RefusingRanges()], ids=lambda it: type(it).__name__)
def test_a_storage_without_ranges_is_a_warning(storage: InMemoryStorage) -> None:
    (finding,) = found(storage)
    assert finding.severity is Severity.WARNING
    assert finding.what.startswith("it does not send an object from its middle on")
    assert storage.objects == {}


class OfAnotherVersion(InMemoryStorage):
    """Was written for a port without `start`."""

    @contextmanager
    def open_reader(self, key: str) -> Iterator[BinaryIO]:  # type: ignore[override]
        with super().open_reader(key) as reader:
            yield reader


def test_a_storage_that_takes_no_start_is_an_error() -> None:
    (finding,) = found(OfAnotherVersion())
    assert finding.what == "this process cannot read an object from its middle on: it raises TypeError"
    assert (finding.severity, finding.may_pass) == (Severity.ERROR, False)


class SweptWhileReading(RecordingStorage):
    """A sweep deletes the first object after it was read."""

    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with super().open_reader(key, start) as reader:
            yield reader
        if len(self.keys) == 1:
            self.delete(key)


def test_sweep_between_two_reads_is_no_finding() -> None:
    storage = SweptWhileReading()
    assert found(storage) == []
    assert len(storage.keys) == 2


class Hanging(InMemoryStorage):
    """Takes no bytes before `end`."""

    def __init__(self) -> None:
        super().__init__()
        self.end = Event()

    @contextmanager
    def open_writer(self, key: str, content_type: str) -> Iterator[ObjectWriter]:
        self.end.wait(60)
        with super().open_writer(key, content_type) as writer:
            yield writer


def test_a_storage_that_does_not_answer_is_a_finding_that_may_pass() -> None:
    storage = Hanging()
    try:
        (finding,) = found(storage, patience=0.05)
    finally:
        storage.end.set()
    assert finding.may_pass
    assert finding.what == "it has not answered within 0.05 s; the check tries to write an object there"


def test_a_storage_that_does_not_answer_is_waited_for_once() -> None:
    storage = Hanging()
    began_at = monotonic()
    try:
        found(storage, patience=2)
        assert monotonic() - began_at < 4
    finally:
        storage.end.set()


class Knowing(RecordingStorage, SupportsCheck):
    """Knows what is wrong with it."""

    def problems(self, actors: Sequence[Actor]) -> Sequence[Finding]:
        return (error("storage", "the bucket is missing", "create it"),)


def test_a_storage_that_knows_its_problem_is_not_tried() -> None:
    storage = Knowing()
    assert [str(each) for each in found(storage)] == ["error: storage: the bucket is missing; create it"]
    assert storage.keys == []


def test_links_that_a_storage_cannot_sign_are_a_finding() -> None:
    (finding,) = storage_problems(InMemoryStorage(), prefix=PREFIX, url_lifetime=timedelta(minutes=5))
    assert finding.remedy.startswith("set TICKET_EXPORT_DOWNLOAD=stream")


class Signing(InMemoryStorage, SupportsSignedUrl):
    """Signs links, or raises `fault`."""

    fault: Exception | None = None

    def signed_url(self, key: str, *, file_name: str, content_type: str, expires_in: timedelta) -> str:
        if self.fault:
            raise self.fault
        return f"https://store/{key}?expires={expires_in.total_seconds()}"


def test_storage_that_signs_links_has_no_finding() -> None:
    assert list(storage_problems(Signing(), prefix=PREFIX, url_lifetime=timedelta(minutes=5))) == []


@pytest.mark.parametrize(
    ("fault", "may_pass"), [(StorageError("no key."), False), (StorageUnavailableError("no key"), True)]
)
def test_credentials_that_cannot_sign_are_a_finding_where_links_are_asked_for(fault: Exception, may_pass: bool) -> None:
    storage = Signing()
    storage.fault = fault
    (finding,) = storage_problems(storage, prefix=PREFIX, url_lifetime=timedelta(minutes=5))
    assert finding == error(
        "storage",
        "no key",
        "use credentials that can sign, or set TICKET_EXPORT_DOWNLOAD=stream",
        may_pass=may_pass,
    )
    assert list(storage_problems(storage, prefix=PREFIX, url_lifetime=None)) == []
