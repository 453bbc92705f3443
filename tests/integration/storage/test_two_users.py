"""A web process and a worker that are two users of one group share a storage, whatever their umask is."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.crashes.memory_world import InMemoryWorld
from tests.crashes.world import ACTOR, VIEW
from tests.integration.storage.file_tree import files_below
from tests.integration.storage.machine_users import GROUP, OUTSIDER, WEB, WORKER, MachineUser
from ticket_export.errors import StorageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

KEY = "exports/job/1/tickets.csv"
_ROUNDS = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("acting as two users needs root")
    # Not tmp_path, whose parents nobody else may enter.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(params=[0o770, 0o2770], ids=["group of the folder", "group by setgid"])
def root(folder: Path, request: pytest.FixtureRequest) -> Path:
    root = folder / "files"
    root.mkdir()
    os.chown(root, 0, GROUP)
    root.chmod(request.param)
    return root


@pytest.fixture
def storage(root: Path) -> LocalStorage:
    return LocalStorage(root, for_group=True)


def _write(storage: LocalStorage, key: str = KEY) -> None:
    with storage.open_writer(key, "text/csv") as writer:
        writer.write(b"whole")


def _read(storage: LocalStorage, key: str = KEY) -> bytes:
    with storage.open_reader(key) as stream:
        return stream.read()


def _modes(root: Path) -> set[tuple[str, int, int]]:
    """The kinds of names below the root, with permissions and group."""
    found = [(path, path.lstat()) for path in root.rglob("*")]
    return {("folder" if path.is_dir() else "file", each.st_mode & 0o777, each.st_gid) for path, each in found}


@pytest.mark.parametrize(("author", "other"), [(WORKER, WEB), (WEB, WORKER)], ids=["worker writes", "web writes"])
@pytest.mark.parametrize("umask", [0, 0o022, 0o027, 0o077])
def test_each_user_reads_lists_and_deletes_what_the_other_has_written(
    root: Path, storage: LocalStorage, author: MachineUser, other: MachineUser, umask: int
) -> None:
    with author.acting(umask):
        _write(storage)
        _write(storage, "exports/job/2/tickets.csv")
    assert _modes(root) == {("folder", 0o770, GROUP), ("file", 0o640, GROUP)}
    with other.acting(umask):
        assert _read(storage) == b"whole"
        storage.delete(KEY)
        _write(storage, "exports/job/3/tickets.csv")
        _write(storage, "exports/job/2/tickets.csv")
        assert list(storage.list("")) == ["exports/job/2/tickets.csv", "exports/job/3/tickets.csv"]
    assert _modes(root) == {("folder", 0o770, GROUP), ("file", 0o640, GROUP)}
    with author.acting(umask):
        for key in list(storage.list("")):
            storage.delete(key)
    assert [path.name for path in root.iterdir()] == [".partial"]


def test_each_user_sweeps_what_a_killed_writer_of_the_other_has_left(root: Path, storage: LocalStorage) -> None:
    with WORKER.acting():
        _write(storage)
    stale = root / ".partial/stale"
    stale.touch(0o600)
    os.chown(stale, WORKER.user, WORKER.group)
    with WEB.acting():
        assert storage.discard_stale(datetime.now(UTC) + timedelta(seconds=5)) == 1


def test_user_outside_of_the_group_reads_nothing(root: Path, storage: LocalStorage) -> None:
    with WORKER.acting(0):
        _write(storage)
    root.chmod(0o755)
    with OUTSIDER.acting():
        with pytest.raises(StorageError, match="the storage refuses access"):
            _read(storage)
        for path in (root / "exports", root / ".partial"):
            with pytest.raises(PermissionError):
                list(path.iterdir())


def test_without_the_setting_files_are_for_their_user_only(root: Path) -> None:
    storage = LocalStorage(root)
    with WORKER.acting(0):
        _write(storage)
    with WEB.acting(), pytest.raises(StorageError, match="the storage refuses access"):
        _read(storage)


def test_folders_from_before_the_setting_are_opened_to_the_group_by_the_next_file(
    root: Path, storage: LocalStorage
) -> None:
    with WORKER.acting():
        _write(LocalStorage(root), "exports/old/1/tickets.csv")
        _write(storage)
    with WEB.acting():
        assert _read(storage) == b"whole"
        _write(storage, "exports/job/2/tickets.csv")
        storage.delete(KEY)
        # Nobody asked for the files of before.
        with pytest.raises(StorageError, match="the storage refuses access"):
            _read(storage, "exports/old/1/tickets.csv")


@pytest.mark.parametrize("place", [".partial", "exports", "exports/job"])
def test_folder_whose_maker_was_killed_at_once_is_in_nobodys_way(root: Path, storage: LocalStorage, place: str) -> None:
    with WORKER.acting():
        (root / place).parent.mkdir(mode=0o770, parents=True, exist_ok=True)
    os.chown((root / place).parent, WORKER.user, GROUP)
    (root / place).parent.chmod(0o770)
    (root / place).mkdir(mode=0o700)
    os.chown(root / place, WORKER.user, WORKER.group)
    with WEB.acting():
        _write(storage)
    with WORKER.acting():
        assert _read(storage) == b"whole"


def test_closed_folder_with_files_of_the_other_user_is_refused_and_stays(root: Path, storage: LocalStorage) -> None:
    with WORKER.acting():
        _write(LocalStorage(root))
    before = files_below(root)
    with WEB.acting(), pytest.raises(StorageError, match="the storage refuses access"):
        _write(storage)
    assert files_below(root) == before


def test_file_that_its_writer_may_not_give_to_the_group_is_not_written(root: Path, storage: LocalStorage) -> None:
    root.chmod(0o777)
    with OUTSIDER.acting(0), pytest.raises(StorageError, match="could not be written: the storage refuses access"):
        _write(storage)
    assert files_below(root) == {}
    assert all(path.stat().st_mode & stat.S_IRWXO == 0 for path in root.rglob("*"))


def test_new_root_belongs_to_the_group_that_the_system_gives_it(folder: Path) -> None:
    above = folder / "above"
    above.mkdir()
    os.chown(above, WORKER.user, GROUP)
    above.chmod(0o2770)
    with WORKER.acting(0o077):
        _write(LocalStorage(above / "new/files", for_group=True))
    with WEB.acting():
        assert _read(LocalStorage(above / "new/files", for_group=True)) == b"whole"


def test_export_of_a_worker_is_downloaded_expired_swept_and_forgotten_by_the_web_process(root: Path) -> None:
    world = InMemoryWorld()
    world.parts.storage.override(LocalStorage(root, for_group=True))

    def export_by_the_worker() -> UUID:
        with WORKER.acting(0o077):
            job = world.parts.request_export()(ACTOR, VIEW)
            assert world.parts.run_export()(job.id).status == "completed"
        return job.id

    first = export_by_the_worker()
    with WEB.acting(0o077):
        download = world.parts.open_download()(ACTOR, first)
        with download.stream as stream:
            assert hashlib.sha256(stream.read()).hexdigest() == download.sha256
        world.clock.advance(timedelta(hours=72))
        assert world.parts.clean_up_expired_exports()().cleaned_up == 1
    export_by_the_worker()
    with WEB.acting(0o077):
        world.parts.sweep_orphaned_objects()()
        assert world.parts.forget_user()(ACTOR.user_id).removed == 2
    assert [name for name in files_below(root) if not name.endswith("/owner.json")] == []


def test_two_processes_of_two_users_make_the_same_new_folders_at_the_same_time(folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.storage.writing_users", str(folder), str(_ROUNDS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    for number in range(_ROUNDS):
        found = files_below(folder / str(number))
        names = {f"exports/job/2/{user.user}.csv" for user in (WORKER, WEB)}
        assert found == dict.fromkeys(names, b"whole")
