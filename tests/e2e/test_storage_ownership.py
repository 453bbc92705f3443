"""A copy of a database, started with the storage of the original, and a second database on the same storage."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.command_line import Ended, job, jobs, run_command
from tests.e2e.conftest import HelpDesk

AS_ADMIN = ("--as", "admin@example.test")
REFUSED = "another copy of this database owns the storage"


def export(name: str = "made.csv") -> str:
    ended = run_command("export", "--columns", "id,title", *AS_ADMIN, "--output", name, "--json")
    assert ended.exit_code == 0, ended.err
    return str(job(ended)["id"])


def succeeds(*command: str) -> Ended:
    ended = run_command(*command)
    assert ended.exit_code == 0, ended.err
    return ended


def files(help_desk: HelpDesk) -> dict[str, bytes]:
    """All files in the storage but the owner objects."""
    root = help_desk.folder / "storage"
    paths = [path for path in root.rglob("*") if path.is_file() and path.name != "owner.json"]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def expire_everything(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("""UPDATE "ExportJobs" SET "ExpiresAt" = datetime("ExpiresAt", '-30 days')""")


@pytest.fixture
def clone(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the database's file, which knows the first of two exports of the original; commands work on it."""
    export()
    copy = help_desk.folder / "staging.db"
    shutil.copy(help_desk.database, copy)
    export()
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{copy}")
    return copy


def test_copy_of_a_database_deletes_nothing_until_it_takes_the_storage_over(
    help_desk: HelpDesk, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expire_everything(clone)
    before = files(help_desk)
    for command in (("cleanup",), ("cleanup", "--json")):
        refused = run_command(*command)
        assert refused.exit_code == 1
        assert refused.err.count(REFUSED) == 1
        assert "Traceback" not in refused.err
        assert "run `ticket-export storage take-over` if the other one is not used any more" in refused.err
        assert refused.problems == ["files were not deleted, because this database does not own the storage"]
    assert "another copy of this database owns" in str(job(run_command("cleanup", "--json"))["refused"])
    assert run_command("forget", "admin@example.test").exit_code == 1
    drained = succeeds("worker", "--drain")
    assert drained.err.count(REFUSED) == 1
    assert files(help_desk) == before

    told = succeeds("storage", "take-over", "--dry-run").text.splitlines()
    assert len(told) == 3
    assert REFUSED.removesuffix("the storage") in told[0]
    assert "last seen on " in told[0]
    assert "this database does not know 2 objects there; its next sweep deletes them" in told
    assert run_command("cleanup").exit_code == 1
    taken = succeeds("storage", "take-over").text.splitlines()
    assert taken == [*told, "taken over: this database sweeps and cleans up from now on"]
    assert job(succeeds("cleanup", "--json"))["orphansRemoved"] == 2
    assert files(help_desk) == {}

    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{help_desk.database}")
    assert REFUSED in run_command("cleanup").err


def test_check_warns_of_a_storage_of_another_copy(clone: Path) -> None:
    ended = succeeds("check")
    assert REFUSED in ended.out.decode() + ended.err


def test_copy_of_a_database_may_export_and_download_and_the_original_loses_nothing(
    help_desk: HelpDesk, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export("by the clone.csv")
    first, second = [each["id"] for each in jobs(succeeds("list", *AS_ADMIN, "--json"))]
    for number, each in enumerate((first, second)):
        succeeds("download", str(each), *AS_ADMIN, "--output", f"{number}.csv")
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{help_desk.database}")
    for number, each in enumerate(jobs(succeeds("list", *AS_ADMIN, "--json"))):
        succeeds("download", str(each["id"]), *AS_ADMIN, "--output", f"original {number}.csv")


def test_database_that_was_restored_in_place_deletes_nothing_until_it_takes_the_storage_over(
    help_desk: HelpDesk,
) -> None:
    export()
    backup = help_desk.database.read_bytes()
    export()
    before = files(help_desk)
    with help_desk.database.open("r+b") as database:
        database.write(backup)
        database.truncate()
    assert REFUSED in run_command("cleanup").err
    assert files(help_desk) == before
    succeeds("storage", "take-over")
    assert job(succeeds("cleanup", "--json"))["orphansRemoved"] == 2


def test_second_database_on_the_same_storage_removes_nothing_of_the_first(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    export()
    before = files(help_desk)
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{help_desk.folder / 'second.db'}")
    for command in (("migrate", "--reference-schema"), ("sample-data", "--tickets", "10"), ("worker", "--drain")):
        succeeds(*command)
    export("second.csv")
    expire_everything(help_desk.folder / "second.db")
    succeeds("cleanup")
    succeeds("worker", "--drain")
    assert files(help_desk) == before
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", f"sqlite:///{help_desk.database}")
    assert job(succeeds("cleanup", "--json"))["orphansRemoved"] == 0
    assert files(help_desk) == before


def test_owner_object_that_is_no_longer_there_is_made_again(help_desk: HelpDesk) -> None:
    export()
    (owner,) = (help_desk.folder / "storage").rglob("owner.json")
    owner.unlink()
    succeeds("cleanup")
    assert owner.exists()
    os.truncate(owner, 10)
    assert "does not say which database owns the storage" in run_command("cleanup").err
    told = succeeds("storage", "take-over").text
    assert "its owner object cannot be read" in told
    succeeds("cleanup")


def test_owner_may_take_over_its_own_storage(help_desk: HelpDesk) -> None:
    place = (help_desk.folder / "storage").as_uri()
    told = succeeds("storage", "take-over").text.splitlines()
    assert told[0] == f"{place}: no database owns it"
    told = succeeds("storage", "take-over").text.splitlines()
    assert told[0] == f"{place}: this database owns it already"
