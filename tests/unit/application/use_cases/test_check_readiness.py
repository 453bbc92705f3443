from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.unit.application.use_cases.help_desk import HelpDesk, raising
from ticket_export.application.use_cases.check_readiness import CheckReadiness
from ticket_export.errors import JobDatabaseError, StorageError, StorageUnavailableError
from ticket_export.infrastructure.storage.local.storage import LocalStorage
from ticket_export.ports import ExportStorage
from ticket_export.testing.memory import InMemoryStorage


def readiness(desk: HelpDesk, storage: ExportStorage | None = None) -> CheckReadiness:
    return CheckReadiness(unit_of_work=desk.unit_of_work, storage=lambda: storage or desk.storage)


def test_parts_that_answer_are_ready_and_nothing_is_written() -> None:
    desk = HelpDesk()
    before = dict(desk.storage.objects)
    questions = readiness(desk).questions
    assert list(questions) == ["database", "storage"]
    for ask in questions.values():
        ask()
    assert desk.storage.objects == before


def test_database_that_is_away_does_not_answer() -> None:
    desk = HelpDesk()
    desk.happen["work.enter"] = raising(JobDatabaseError("the database cannot be reached"))
    questions = readiness(desk).questions
    with pytest.raises(JobDatabaseError, match="cannot be reached"):
        questions["database"]()
    questions["storage"]()


class _AwayStorage(InMemoryStorage):
    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        raise StorageUnavailableError("the store is away")
        yield


class _OddStorage(InMemoryStorage):
    @contextmanager
    def open_reader(self, key: str, start: int = 0) -> Iterator[BinaryIO]:
        with Path(__file__).open("rb") as stream:
            yield stream


def test_storage_that_is_away_does_not_answer() -> None:
    with pytest.raises(StorageError, match="is away"):
        readiness(HelpDesk(), _AwayStorage()).questions["storage"]()


def test_storage_that_finds_an_object_answers_too() -> None:
    readiness(HelpDesk(), _OddStorage()).questions["storage"]()


def test_folder_that_is_not_mounted_does_not_answer(tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    ask = readiness(HelpDesk(), LocalStorage(folder)).questions["storage"]
    with pytest.raises(StorageError, match="does not exist"):
        ask()
    folder.mkdir()
    ask()
    assert list(folder.iterdir()) == []
