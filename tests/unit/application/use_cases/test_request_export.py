from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.application.use_cases.help_desk import NOW, VIEW, HelpDesk, raising
from ticket_export import ExportSnapshotPayload, RequestedExportDto
from ticket_export.errors import InvalidPayloadError
from ticket_export.infrastructure.memory.database import Rows


def test_job_and_task_are_stored_together(desk: HelpDesk) -> None:
    actor = desk.user()
    asked = desk.request_export(actor, VIEW)
    (job,) = desk.database.committed.jobs.values()
    (task,) = desk.database.committed.tasks.values()
    assert (job.id, job.requester_user_id, job.creator_user_id) == (asked.id, actor.user_id, actor.user_id)
    assert (job.requested_at, job.creation_time, task.creation_time) == (NOW, NOW, NOW)
    assert job.background_task_id == task.id
    assert task.name == "ticket_export.run_export"
    assert json.loads(task.args)["exportJobId"] == str(job.id)
    assert (asked.status, asked.progress_stage, asked.progress_percent) == ("queued", "Queued", None)


def test_the_task_is_dispatched_once_and_after_the_commit(desk: HelpDesk) -> None:
    stored_when_dispatched: list[Rows] = []
    desk.happen["queue.dispatch"] = lambda: stored_when_dispatched.append(desk.database.committed)
    asked = desk.request_export(desk.user(), VIEW)
    (dispatched,) = desk.queue.dispatched
    (stored,) = stored_when_dispatched
    assert stored.jobs[asked.id].background_task_id == dispatched.id
    assert dispatched == stored.tasks[dispatched.id]


def test_failed_commit_leaves_and_dispatches_nothing(desk: HelpDesk) -> None:
    desk.happen["work.queued"] = raising(OSError("the database is gone"))
    with pytest.raises(OSError, match="gone"):
        desk.request_export(desk.user(), VIEW)
    assert desk.database.committed == Rows()
    assert desk.queue.dispatched == []
    assert desk.audit_log.entries == []


def test_failing_audit_log_is_logged_and_the_stored_job_is_answered_and_run(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.use_own_audit_log()
    desk.happen["audit.requested"] = raising(OSError("the audit log is gone"))
    asked = desk.request_export(desk.user(), VIEW)
    assert "the audit log is gone" in caplog.text
    assert str(asked.id) in caplog.text
    (job,) = desk.database.committed.jobs.values()
    assert [task.id for task in desk.queue.dispatched] == [job.background_task_id]


def test_failing_queue_is_logged_and_the_stored_job_is_answered(
    desk: HelpDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.happen["queue.dispatch"] = raising(ConnectionError("the broker is gone"))
    asked = desk.request_export(desk.user(), VIEW)
    assert asked == RequestedExportDto.of_request(desk.shown(asked.id), already_requested=False)
    assert "the broker is gone" in caplog.text
    assert str(desk.task(asked.id).id) in caplog.text
    # A worker finds it all the same.
    assert desk.run_next_export().job is not None


def test_request_is_audited(desk: HelpDesk) -> None:
    actor = desk.user()
    asked = desk.request_export(actor, {**VIEW, "sortField": "title"})
    (entry,) = desk.audit_log.entries
    assert (entry.action, entry.job_id, entry.actor_id, entry.at) == ("requested", asked.id, actor.user_id, NOW)
    assert entry.view == "columns id, title; sort title asc"
    assert (entry.row_count, entry.duration, entry.detail) == (None, None, None)


def test_expiry_is_the_retention_after_the_request() -> None:
    desk = HelpDesk(retention=timedelta(hours=5))
    asked = desk.request_export(desk.user(), VIEW)
    assert asked.expires_at == desk.job(asked.id).expires_at == NOW + timedelta(hours=5)


@pytest.mark.parametrize(
    "payload",
    [
        {"Columns": ["TITLE", "Id"], "SortField": "PRIORITY", "SortDirection": "DESCENDING"},
        {"columns": ["title", "id"], "sort_field": "priority", "sort_direction": "desc"},
        '{"columns": ["Title", "ID"], "sortField": "priority", "sortDirection": "desc"}',
        ExportSnapshotPayload(columns=("title", "id"), sort_field="Priority", sort_direction="desc"),
    ],
    ids=["PascalCase", "snake_case", "JSON", "model"],
)
def test_view_is_stored_in_one_canonical_form(desk: HelpDesk, payload: dict[str, object] | str) -> None:
    asked = desk.request_export(desk.user(), payload)
    assert json.loads(desk.job(asked.id).snapshot_payload_json) == {
        "columns": ["title", "id"],
        "viewId": None,
        "filters": [],
        "searchTerm": None,
        "sortField": "priority",
        "sortDirection": "desc",
        "scope": None,
        "timeZone": None,
        "file": {"format": "csv", "delimiter": ",", "bom": True, "header": True},
    }


def test_invalid_view_names_every_problem_and_stores_nothing(desk: HelpDesk) -> None:
    payload = {
        "columns": ["id", "id", "nope"],
        "filters": [
            {"field": "id", "operator": "gt", "value": "many"},
            {"field": "title", "operator": "resembles", "value": "x"},
        ],
        "timeZone": "Mars/Base",
        "colour": "red",
    }
    with pytest.raises(InvalidPayloadError) as caught:
        desk.request_export(desk.user(), payload)
    places = {problem.split(":")[0] for problem in caught.value.problems}
    assert places == {"columns[1]", "columns[2]", "filters[0].value", "filters[1].operator", "timeZone", "colour"}
    assert desk.database.committed == Rows()
    assert desk.queue.dispatched == []
    assert desk.audit_log.entries == []


def test_answer_names_requester_and_view(desk: HelpDesk) -> None:
    asked = desk.request_export(desk.user(), VIEW)
    assert (asked.requester_name, asked.view) == ("A B", "columns id, title")
