from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

import attrs
import pytest

from ticket_export.application.ports.audit_log import AuditAction, AuditEntry
from ticket_export.infrastructure.logging_audit_log import LoggingAuditLog


def test_entry_is_one_structured_record(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ticket_export.audit")
    entry = AuditEntry(
        action=AuditAction.COMPLETED,
        job_id=UUID(int=1),
        actor_id=UUID(int=2),
        at=datetime(2026, 3, 1, tzinfo=UTC),
        view="columns id",
        row_count=7,
        duration=timedelta(seconds=2),
        actor_facts='{"attributes":{"team":7},"isAdmin":true,"permissions":["import_export_tickets"]}',
    )
    LoggingAuditLog().record(entry)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ticket_export.audit", logging.INFO)
    assert record.getMessage() == f"export {UUID(int=1)} completed by {UUID(int=2)}: 7 rows, 2.000 s; columns id"
    assert vars(record)["job_id"] == str(UUID(int=1))
    fields = vars(record)["audit"]
    assert fields == {
        "action": "completed",
        "job_id": str(UUID(int=1)),
        "actor_id": str(UUID(int=2)),
        "at": "2026-03-01T00:00:00+00:00",
        "view": "columns id",
        "row_count": 7,
        "duration_seconds": 2.0,
        "detail": None,
        "actor_facts": {"attributes": {"team": 7}, "isAdmin": True, "permissions": ["import_export_tickets"]},
    }
    # Whatever writes the log needs nothing but JSON's own types.
    assert json.loads(json.dumps(fields)) == fields


def test_what_the_system_does_by_itself_is_logged_as_such(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ticket_export.audit")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    LoggingAuditLog().record(
        AuditEntry(action=AuditAction.CLEANED_UP, job_id=UUID(int=1), actor_id=None, at=at, view="columns id")
    )
    assert caplog.messages == [f"export {UUID(int=1)} cleaned_up by the system: columns id"]


def test_a_refusal_says_what_was_refused_to_whom(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ticket_export.audit")
    refused = AuditEntry(
        action=AuditAction.REFUSED,
        job_id=None,
        actor_id=7,
        at=datetime(2026, 3, 1, tzinfo=UTC),
        view="",
        detail="request: it needs a permission",
    )
    LoggingAuditLog().record(refused)
    LoggingAuditLog().record(attrs.evolve(refused, job_id=UUID(int=1), view="columns id", detail="download: no"))
    assert caplog.messages == [
        "a request refused to 7: detail: request: it needs a permission",
        f"export {UUID(int=1)} refused to 7: columns id; detail: download: no",
    ]
    assert [vars(record)["job_id"] for record in caplog.records] == [None, str(UUID(int=1))]


def test_an_entry_is_one_line_whatever_its_detail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="ticket_export.audit")
    LoggingAuditLog().record(
        AuditEntry(
            action=AuditAction.FAILED,
            job_id=UUID(int=1),
            actor_id=UUID(int=2),
            at=datetime(2026, 3, 1, tzinfo=UTC),
            view="columns id; search 'vpn'",
            duration=timedelta(milliseconds=214),
            detail="disk\r\nfull",
        )
    )
    assert caplog.messages == [
        f"export {UUID(int=1)} failed by {UUID(int=2)}: 0.214 s; columns id; search 'vpn'; detail: disk full"
    ]
