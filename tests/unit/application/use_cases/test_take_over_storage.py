from __future__ import annotations

from pathlib import Path
from uuid import UUID

from tests.unit.application.use_cases.help_desk import PREFIX, HelpDesk
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.use_cases.take_over_storage import TakeOverStorage
from ticket_export.infrastructure.memory.storage import InMemoryStorage
from ticket_export.infrastructure.storage.local.storage import LocalStorage


def take_over(desk: HelpDesk, *former: ExportStorage) -> TakeOverStorage:
    return TakeOverStorage(
        places=StoragePlaces(desk.storage, former), ownership=desk.ownership, sweep=desk.sweep_orphaned_objects
    )


def test_a_clone_learns_what_a_take_over_means_and_then_sweeps(desk: HelpDesk) -> None:
    desk.run_export(desk.requested().id)
    clone = desk.cloned()
    desk.run_export(desk.requested().id)
    owner = desk.ownership.owner(desk.storage)
    before = dict(desk.storage.objects)
    (means,) = take_over(clone)(dry_run=True)
    assert (means.place, means.owner, means.is_ours, means.unknown) == (desk.storage.place, owner, False, 2)
    assert desk.storage.objects == before
    assert take_over(clone)() == [means]
    assert set(desk.storage.objects) == set(before)
    assert clone.sweep_orphaned_objects().removed == 2
    assert desk.sweep_orphaned_objects().refused


def test_the_owner_may_take_over_what_it_owns(desk: HelpDesk) -> None:
    desk.run_export(desk.requested().id)
    desk.storage.objects[f"{PREFIX}{UUID(int=7)}/1/x.csv"] = b"x"
    (means,) = take_over(desk)()
    assert (means.is_ours, means.unknown) == (True, 1)
    assert desk.sweep_orphaned_objects().removed == 1


def test_former_storages_are_taken_over_too(desk: HelpDesk) -> None:
    former, clone = InMemoryStorage(), desk.cloned()
    desk.ownership.require(former)
    present, before = take_over(clone, former)()
    assert (present.owner, present.is_ours) == (None, True)
    assert (before.place, before.is_ours) == (former.place, False)
    clone.ownership.require_still(former)
    assert desk.ownership.refusal(former) is not None


def test_a_former_storage_that_is_away_is_passed_over_and_its_folder_is_not_created(
    desk: HelpDesk, tmp_path: Path
) -> None:
    away, there = LocalStorage(tmp_path / "disk"), InMemoryStorage()
    desk.ownership.require(there)
    clone = desk.cloned()
    call = take_over(clone, away, there)
    for dry_run in (True, False):
        present, first, second = call(dry_run=dry_run)
        assert (present.failed, second.failed) == (None, None)
        assert first.place == away.place
        assert "does not exist" in str(first.failed)
    assert not (tmp_path / "disk").exists()
    clone.ownership.require_still(there)
