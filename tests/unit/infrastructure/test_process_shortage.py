"""What a process lacks is told where a driver does not say so, and a worker goes on without what it can."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import DBAPIError

from ticket_export import create_engine
from ticket_export.application.run.shortage import FILES, shortage_of
from ticket_export.infrastructure.persistence.database.errors import name_shortage
from ticket_export.infrastructure.storage.s3.storage import S3Storage
from ticket_export.infrastructure.tasks import notifications as notifications_module
from ticket_export.infrastructure.tasks.notifications import PostgresqlNotifications
from ticket_export.settings import Settings

psycopg = pytest.importorskip("psycopg", reason="needs the extra [postgres]")


def refuse(*_args: object) -> int:
    raise OSError(errno.EMFILE, "Too many open files")


def wrapped(cause: Exception, base: type[Exception]) -> Exception:
    """As SQLAlchemy raises it."""
    error = DBAPIError.instance("SELECT 1", {}, cause, base)
    error.__cause__ = cause
    return error


@pytest.fixture
def no_descriptors(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        yield patch


@pytest.mark.parametrize(
    ("cause", "base"),
    [
        (sqlite3.OperationalError("unable to open database file"), sqlite3.Error),
        (psycopg.OperationalError("connection failed"), psycopg.Error),
    ],
    ids=["sqlite", "postgresql"],
)
def test_process_without_descriptors_is_named_as_the_cause(
    cause: Exception, base: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = wrapped(cause, base)
    name_shortage(error)
    assert shortage_of(error) is None
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        name_shortage(error)
    assert shortage_of(error) == FILES


def test_what_a_server_has_said_is_no_shortage_of_the_process(no_descriptors: pytest.MonkeyPatch) -> None:
    error = wrapped(psycopg.errors.LockNotAvailable("no"), psycopg.Error)
    name_shortage(error)
    assert shortage_of(error) is None


def test_worker_that_cannot_listen_works_without(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_engine(postgresql_url)
    monkeypatch.setattr(notifications_module, "socketpair", refuse)
    notifications = PostgresqlNotifications(engine)
    with notifications.listening(lambda: None):
        assert not notifications.are_heard
        notifications.send()
    assert "the worker polls the queue" in caplog.text
    engine.dispose()


def test_client_of_s3_is_not_shared_with_a_forked_process(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = S3Storage.from_url("s3://bucket", Settings(_env_file=None, s3_region="eu-central-1"))
    of_the_parent = storage.client
    assert storage.client is of_the_parent
    monkeypatch.setattr(os, "getpid", lambda: -1)
    of_the_child = storage.client
    assert of_the_child is not of_the_parent
    assert storage.client is of_the_child
