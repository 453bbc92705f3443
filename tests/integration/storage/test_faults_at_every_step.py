"""Whatever the file system refuses, and whenever: the export ends rightly, and nothing is left of one that failed."""

from __future__ import annotations

import errno
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.crashes.memory_world import InMemoryWorld
from tests.crashes.world import ACTOR, RIGHT_BYTES, VIEW
from tests.integration.storage.failing_calls import FailingCalls
from tests.integration.storage.file_tree import files_below
from ticket_export import ExportJobDto
from ticket_export.application.file.export_file import attempt_of, manifest_key
from ticket_export.application.file.manifest import ExportManifest
from ticket_export.errors import ObjectNotFoundError, StorageError, StorageUnavailableError, WorkerShortageError
from ticket_export.infrastructure.storage.local.storage import LocalStorage

ERRORS = [
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EFBIG,
    errno.EINTR,
    errno.EIO,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENODEV,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.ENOTEMPTY,
    errno.EPERM,
    errno.EROFS,
    errno.ESTALE,
    errno.ETIMEDOUT,
]


class Desk:
    """Jobs and tickets in memory, files on a disk."""

    def __init__(self, root: Path, *, for_group: bool = False) -> None:
        self.for_group = for_group
        self.world = InMemoryWorld()
        self.parts = self.world.parts
        self.begin(root)

    def begin(self, root: Path) -> None:
        """Start again, without exports, on another disk; that is much faster than a new desk."""
        self.root = root
        self.world.restore()
        self.parts.storage.override(LocalStorage(root, for_group=self.for_group))

    def export(self, calls: FailingCalls) -> ExportJobDto:
        job = self.parts.request_export()(ACTOR, VIEW)
        with calls.around(), suppress(WorkerShortageError, StorageUnavailableError):
            return self.parts.run_export()(job.id)
        return self.parts.get_export()(ACTOR, job.id)

    def download(self, job: ExportJobDto) -> str:
        """The file, or the beginning of what the user is told."""
        try:
            with self.parts.open_download()(ACTOR, job.id).stream as stream:
                return stream.read().decode()
        except ObjectNotFoundError:
            return "the file could not be read"
        except StorageError as error:
            return str(error).partition(":")[0]

    def files(self) -> dict[str, bytes]:
        """Every file of an export, temporary ones included."""
        return {name: data for name, data in files_below(self.root).items() if not name.endswith("/owner.json")}

    def claim_right(self, job: ExportJobDto) -> None:
        """One whole file with its manifest, or none, and a message for users; as soon as the sweep has come by."""
        now = datetime.now(UTC)
        self.world.clock.set(max(now, self.world.clock.now()) + timedelta(days=1))
        self.parts.sweep_orphaned_objects()()
        files = self.files()
        if job.status == "failed":
            assert job.error_message is not None
            assert job.error_message.startswith("the file could not be written: ")
            assert "secret" not in job.error_message
            assert files == {}
            return
        if job.status == "queued":
            # The process lacked something, or a server was away: another attempt makes the export.
            assert files == {}
            assert self.parts.run_export()(job.id).status == "completed"
            return
        assert job.status == "completed"
        key, manifest = sorted(files)
        assert (attempt_of(key), manifest) == ((job.id, 1), manifest_key(key))
        assert files[key] == RIGHT_BYTES
        assert ExportManifest.read(files[manifest]).length == len(RIGHT_BYTES)


def test_undisturbed_export_makes_every_kind_of_call(tmp_path: Path) -> None:
    calls = FailingCalls()
    desk = Desk(tmp_path / "files")
    desk.claim_right(desk.export(calls))
    assert {"open", "write", "flush", "close", "mkdir", "stat", "fsync", "replace"} <= set(calls.made)


@pytest.mark.parametrize(
    ("number", "for_group"), [*((number, False) for number in ERRORS), (errno.EPERM, True), (errno.ENOENT, True)]
)
def test_export_survives_or_fails_safely_at_every_step(tmp_path: Path, number: int, for_group: bool) -> None:
    steps = FailingCalls()
    desk = Desk(tmp_path / "steps", for_group=for_group)
    desk.export(steps)
    ends = set()
    for step in range(len(steps.made)):
        calls = FailingCalls(number, step)
        desk.begin(tmp_path / str(step))
        job = desk.export(calls)
        assert len(calls.made) > step, "nothing failed"
        desk.claim_right(job)
        ends.add(job.status)
    assert ("queued" if number in {errno.EMFILE, errno.ESTALE, errno.ETIMEDOUT} else "failed") in ends


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.__getitem__)
def test_clean_up_that_fails_at_any_step_is_done_the_next_time(tmp_path: Path, number: int) -> None:
    step = 0
    desk = Desk(tmp_path / "steps")
    while True:
        desk.begin(tmp_path / str(step))
        job = desk.export(FailingCalls())
        desk.world.clock.advance(timedelta(hours=72))
        calls = FailingCalls(number, step)
        with calls.around():
            desk.parts.clean_up_expired_exports()()
        desk.parts.clean_up_expired_exports()()
        assert desk.parts.get_export()(ACTOR, job.id).is_cleaned_up
        # A file system that says of a file that it is not there is believed at first.
        desk.parts.sweep_orphaned_objects()()
        assert desk.files() == {}
        if len(calls.made) <= step:
            return
        step += 1


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.__getitem__)
def test_download_gives_the_whole_file_or_an_error_that_may_be_shown(tmp_path: Path, number: int) -> None:
    desk = Desk(tmp_path / "files")
    job = desk.export(FailingCalls())
    for step in range(60):
        calls = FailingCalls(number, step)
        with calls.around():
            assert desk.download(job) in {RIGHT_BYTES.decode(), "the file could not be read"}
        if len(calls.made) <= step:
            return
    pytest.fail("a download takes fewer steps")
