from __future__ import annotations

import attrs
import pytest

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import UnknownDeveloperNameError

SEED = [("Queued", "queued"), ("Running", "running"), ("Completed", "completed"), ("Failed", "failed")]


def test_supported_types_are_the_four_of_the_seed_in_their_order() -> None:
    assert [(each.label, each.developer_name) for each in ExportJobStatus.supported_types()] == SEED


def test_constants_are_the_supported_types() -> None:
    constants = (ExportJobStatus.QUEUED, ExportJobStatus.RUNNING, ExportJobStatus.COMPLETED, ExportJobStatus.FAILED)
    assert constants == ExportJobStatus.supported_types()


@pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
def test_every_letter_case_of_a_developer_name_finds_its_status(status: ExportJobStatus) -> None:
    name = status.developer_name
    for spelled in (name, name.upper(), name.title(), name.swapcase()):
        assert ExportJobStatus.from_developer_name(spelled) is status


@pytest.mark.parametrize("name", ["", "cancelled", "queued ", "queue", "\ud800"])
def test_an_unknown_developer_name_raises_and_says_what_is_known(name: str) -> None:
    with pytest.raises(UnknownDeveloperNameError, match="queued, running, completed, failed") as caught:
        ExportJobStatus.from_developer_name(name)
    assert caught.value.developer_name == name
    assert str(caught.value).isascii()


def test_statuses_are_equal_by_developer_name_alone() -> None:
    queued = ExportJobStatus("In the queue", "queued")
    assert queued == ExportJobStatus.QUEUED
    assert hash(queued) == hash(ExportJobStatus.QUEUED)
    assert queued != ExportJobStatus.RUNNING
    assert len({*ExportJobStatus.supported_types(), queued}) == 4


def test_a_status_is_not_its_text() -> None:
    assert ExportJobStatus.QUEUED != "queued"


@pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
def test_text_of_a_status_is_its_developer_name(status: ExportJobStatus) -> None:
    assert str(status) == f"{status}" == status.developer_name


def test_completed_and_failed_are_final() -> None:
    final = [status for status in ExportJobStatus.supported_types() if status.is_final]
    assert final == [ExportJobStatus.COMPLETED, ExportJobStatus.FAILED]


def test_a_status_is_a_value_that_nobody_changes() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        ExportJobStatus.QUEUED.label = "Waiting"  # type: ignore[misc]
