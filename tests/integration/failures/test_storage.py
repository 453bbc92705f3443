"""A storage that fails, on a real file system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.file_rows import FORMATS
from tests.integration.failures.scene import FailureScene, logged

FULL = "the file could not be written: the storage is full"
FAILED = "the file could not be written: the storage failed; the log has the cause"
_NOBODY = 65534
REPOSITORY = Path(__file__).parents[3]

#: Run by a process of its own, since the limit would hold for the database too while it lasts.
_WITH_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tests.file_rows import FORMATS
from tests.integration.failures.scene import FailureScene
scene = FailureScene(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
scene.sql("PRAGMA wal_checkpoint(TRUNCATE)")
reported = 0
def fill(progress):
    global reported
    reported += 1
    if reported == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
answer = scene.run(scene.job_id, fill)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert answer.status == "failed"
scene.claim_failed_safely(sys.argv[2])
scene.claim_the_other_can_be_downloaded()
scene.claim_another_export_works()
scene.close()
print("proven")
"""


def test_files_that_may_not_grow_further(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", _WITH_A_FULL_DISK, str(tmp_path), FULL],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'src'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "proven\n"), ran.stderr
    assert "File too large" in ran.stderr, "the cause is not in the log"


def fill_up(filler: Path) -> None:
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


def test_disk_that_is_full(small_disk: Path, scene: FailureScene, caplog: pytest.LogCaptureFixture) -> None:
    filler = small_disk / "filler"
    scene.run_with(lambda: fill_up(filler))
    scene.claim_failed_safely(FULL)
    assert "No space left on device" in logged(caplog, scene)
    filler.unlink()
    scene.claim_the_other_can_be_downloaded()


@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "csv"])
def test_disk_that_is_full_leaves_nothing_in_any_format(small_disk: Path, tmp_path: Path, file_format: str) -> None:
    scene = FailureScene(tmp_path, file_format)
    try:
        filler = small_disk / "filler"
        scene.run_with(lambda: fill_up(filler))
        scene.claim_failed_safely(FULL)
        filler.unlink()
        scene.claim_the_other_can_be_downloaded()
    finally:
        scene.close()


@pytest.mark.parametrize("file_format", [name for name in FORMATS if name != "csv"])
def test_storage_that_is_removed_while_it_is_written_leaves_nothing_in_any_format(
    tmp_path: Path, file_format: str
) -> None:
    scene = FailureScene(tmp_path, file_format)
    try:
        scene.run_with(lambda: shutil.rmtree(scene.files))
        scene.claim_failed_safely(FAILED)
        scene.claim_another_export_works()
    finally:
        scene.close()


def test_storage_folder_replaced_by_a_file(scene: FailureScene, caplog: pytest.LogCaptureFixture) -> None:
    aside = scene.files.with_name("aside")
    scene.files.rename(aside)
    scene.files.write_bytes(b"in the way")
    scene.run(scene.job_id)
    scene.claim_failed_safely(FAILED)
    assert str(scene.files) in logged(caplog, scene)
    scene.files.unlink()
    aside.rename(scene.files)
    scene.claim_the_other_can_be_downloaded()


def test_storage_folder_replaced_while_it_is_written(scene: FailureScene, caplog: pytest.LogCaptureFixture) -> None:
    aside = scene.files.with_name("aside")

    def replace() -> None:
        scene.files.rename(aside)
        scene.files.write_bytes(b"in the way")

    scene.run_with(replace)
    scene.claim_failed_safely(FAILED)
    assert logged(caplog, scene)
    assert scene.files.read_bytes() == b"in the way"
    readable = [path for path in aside.rglob("*") if ".partial" not in path.parts]
    assert [path for path in readable if str(scene.job_id) in str(path)] == []


def test_storage_folder_removed_while_it_is_written(scene: FailureScene) -> None:
    scene.run_with(lambda: shutil.rmtree(scene.files))
    scene.claim_failed_safely(FAILED)
    scene.claim_another_export_works()


@contextmanager
def storage_of_somebody_else(scene: FailureScene) -> Iterator[None]:
    """The files may not be touched any more; the database may."""
    user = os.geteuid()
    scene.container.engine().dispose()
    folders = [scene.files, *(path for path in scene.files.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    if user == 0:
        # Permissions do not stop root.
        for path in (scene.database.parent, *scene.database.parent.glob("desk.db*")):
            os.chown(path, _NOBODY, _NOBODY)
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        scene.container.engine().dispose()
        os.seteuid(user)
        for folder in folders:
            folder.chmod(0o700)


def test_storage_folder_that_may_not_be_written(caplog: pytest.LogCaptureFixture) -> None:
    # Not tmp_path, whose parents nobody else may enter.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    scene = FailureScene(folder)
    try:
        with storage_of_somebody_else(scene):
            scene.run(scene.job_id)
        scene.claim_failed_safely("the file could not be written: the storage refuses access")
        assert "Permission denied" in logged(caplog, scene)
        scene.claim_the_other_can_be_downloaded()
    finally:
        scene.close()
        shutil.rmtree(folder)
