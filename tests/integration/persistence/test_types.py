"""The domain's values on their way into the database and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import JSONB

from ticket_export.domain.background_task import BackgroundTaskStatus
from ticket_export.errors import UnknownDeveloperNameError
from ticket_export.infrastructure.persistence.tables import SEED_TABLES
from ticket_export.infrastructure.persistence.types import JsonText, UtcDateTime

EXPORT_JOB_STATUS: sa.types.TypeDecorator[Any] = SEED_TABLES.export_jobs.c.status.type  # type: ignore[assignment]
TASK_STATUS: sa.types.TypeDecorator[Any] = SEED_TABLES.background_tasks.c.status.type  # type: ignore[assignment]
SQLITE, POSTGRESQL, MYSQL = (sa.make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql", "mysql"))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="must be aware, not 2025-12-13T00:00:00"):
        UtcDateTime().process_bind_param(datetime(2025, 12, 13), SQLITE)  # noqa: DTZ001


def test_a_time_of_another_zone_is_stored_in_utc() -> None:
    moment = datetime(2025, 12, 13, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert UtcDateTime().process_bind_param(moment, SQLITE) == "2025-12-12 23:30:00.000000"
    assert UtcDateTime().process_bind_param(moment, POSTGRESQL) == "2025-12-12 23:30:00+00:00"
    assert UtcDateTime().process_bind_param(moment, MYSQL) == datetime(2025, 12, 12, 23, 30)  # noqa: DTZ001


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_it_was(moment: datetime) -> None:
    stored = UtcDateTime().process_bind_param(moment, SQLITE)
    assert UtcDateTime().process_result_value(stored, SQLITE) == moment


def test_a_time_is_read_as_the_instant_that_any_driver_returns() -> None:
    moment = datetime(2025, 12, 12, 23, 30, tzinfo=UTC)
    for returned in (moment, moment.replace(tzinfo=None), moment.astimezone(timezone(timedelta(hours=9)))):
        found = UtcDateTime().process_result_value(returned, POSTGRESQL)
        assert found == moment
        assert found.tzinfo is UTC


def test_text_that_is_not_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="holds 'yesterday' where a time should be"):
        UtcDateTime().process_result_value("yesterday", SQLITE)


@pytest.mark.parametrize("type_", [UtcDateTime(), JsonText(), EXPORT_JOB_STATUS, TASK_STATUS])
@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_nothing_stays_nothing(type_: sa.types.TypeDecorator[object], dialect: sa.Dialect) -> None:
    assert type_.process_bind_param(None, dialect) is None
    assert type_.process_result_value(None, dialect) is None


def test_no_json_document_is_null_and_not_the_document_null() -> None:
    jsonb = JsonText().load_dialect_impl(POSTGRESQL)
    assert isinstance(jsonb, JSONB)
    assert jsonb.none_as_null


def test_json_goes_to_postgresql_as_a_document_and_not_as_a_string_in_one() -> None:
    assert JsonText().process_bind_param('{"columns": ["id", "é"]}', POSTGRESQL) == {"columns": ["id", "é"]}


def test_json_comes_from_postgresql_as_text_without_blanks() -> None:
    assert JsonText().process_result_value('{"columns": ["id", "é"]}', POSTGRESQL) == '{"columns":["id","é"]}'


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, "9" * 5_000], ids=["nested", "long number"])
def test_json_that_python_does_not_decode_comes_from_postgresql_as_it_stands(text: str) -> None:
    assert JsonText().process_result_value(text, POSTGRESQL) == text


def test_json_on_sqlite_is_the_very_text() -> None:
    assert JsonText().process_bind_param('{ "a" : 1 }', SQLITE) == '{ "a" : 1 }'
    assert JsonText().process_result_value('{ "a" : 1 }', SQLITE) == '{ "a" : 1 }'


def test_a_status_that_nobody_knows_is_refused_when_it_is_read() -> None:
    with pytest.raises(UnknownDeveloperNameError):
        EXPORT_JOB_STATUS.process_result_value("paused", SQLITE)


@pytest.mark.parametrize("status", list(BackgroundTaskStatus))
def test_a_task_status_is_stored_as_its_value(status: BackgroundTaskStatus) -> None:
    stored = TASK_STATUS.process_bind_param(status, SQLITE)
    assert stored == status.value
    assert TASK_STATUS.process_result_value(stored, SQLITE) is status
