from __future__ import annotations

import copy
import json
import pickle

import attrs
import pytest
from pydantic import BaseModel

from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.errors import UnknownDeveloperNameError

EVERY = pytest.mark.parametrize("status", ExportJobStatus.supported_types(), ids=str)
SEED = [("Queued", "queued"), ("Running", "running"), ("Completed", "completed"), ("Failed", "failed")]


def test_supported_types_are_the_four_of_the_seed_in_their_order() -> None:
    assert [(each.label, each.developer_name) for each in ExportJobStatus.supported_types()] == SEED


def test_constants_are_the_supported_types() -> None:
    constants = (ExportJobStatus.QUEUED, ExportJobStatus.RUNNING, ExportJobStatus.COMPLETED, ExportJobStatus.FAILED)
    assert constants == ExportJobStatus.supported_types()


@EVERY
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


@EVERY
def test_status_equals_its_text_and_no_other(status: ExportJobStatus) -> None:
    name = str(status.developer_name)
    assert type(status.developer_name) is str
    assert status == name
    assert name == status
    assert hash(status) == hash(name)
    others = [name.upper(), name.title(), f"{name} ", "", *(each for each in ExportJobStatus if each is not status)]
    assert all(status != other and other != status for other in others)


@EVERY
def test_status_and_its_text_find_each_other_in_sets_and_dictionaries(status: ExportJobStatus) -> None:
    name = status.developer_name
    assert name in set(ExportJobStatus)
    assert status in {"queued", "running", "completed", "failed"}
    by_status: dict[str, int] = {status: 1}
    assert {name: 1}[status] == by_status[name] == 1
    assert name.upper() not in set(ExportJobStatus)
    assert {status, name} == {name}


@attrs.frozen
class _Holder:
    status: ExportJobStatus


class _Model(BaseModel):
    status: ExportJobStatus


@EVERY
def test_status_serialises_as_its_text(status: ExportJobStatus) -> None:
    name = status.developer_name
    assert json.dumps({"status": status, status: 1}) == f'{{"status": "{name}", "{name}": 1}}'
    assert json.dumps(attrs.asdict(_Holder(status))) == f'{{"status": "{name}"}}'
    model = _Model(status=status)
    assert model.model_dump_json() == f'{{"status":"{name}"}}'
    assert model.model_dump(mode="json") == {"status": name}
    assert _Model.model_validate_json(f'{{"status":"{name}"}}').status is status
    assert f"{status:>10}|" == f"{name:>10}|"
    assert "is " + status == f"is {name}"


@EVERY
def test_status_stays_the_same_through_pickle_and_copy(status: ExportJobStatus) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(status, protocol)) is status
    assert copy.copy(status) is copy.deepcopy(status) is status
    assert ExportJobStatus(status.developer_name) is status


@EVERY
def test_text_of_a_status_is_its_developer_name(status: ExportJobStatus) -> None:
    assert str(status) == f"{status}" == status.developer_name


def test_completed_and_failed_are_final() -> None:
    final = [status for status in ExportJobStatus.supported_types() if status.is_final]
    assert final == [ExportJobStatus.COMPLETED, ExportJobStatus.FAILED]


def test_a_status_is_a_value_that_nobody_changes() -> None:
    for name in ("label", "developer_name", "value"):
        with pytest.raises(AttributeError):
            setattr(ExportJobStatus.QUEUED, name, "Waiting")
    with pytest.raises(AttributeError):
        ExportJobStatus.QUEUED = ExportJobStatus.RUNNING  # type: ignore[misc]
