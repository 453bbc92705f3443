"""Links below the root, by which a key or the storage itself could leave it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.storage.outside import KEY, PLACES, Outside
from ticket_export.errors import InvalidKeyError
from ticket_export.infrastructure.storage.local.storage import LocalStorage


def _write(storage: LocalStorage) -> None:
    with storage.open_writer(KEY, "text/csv") as writer:
        writer.write(b"whole")


def _read(storage: LocalStorage) -> None:
    with storage.open_reader(KEY) as stream:
        stream.read()


def _delete(storage: LocalStorage) -> None:
    storage.delete(KEY)


def _list(storage: LocalStorage) -> None:
    assert all(not key.startswith("secret") for key in storage.list(""))


def _sweep(storage: LocalStorage) -> None:
    assert storage.discard_stale(datetime.now(UTC)) == 0


_METHODS = (_write, _read, _delete, _list, _sweep)


def _refuses(method: Callable[[LocalStorage], None], place: str) -> bool:
    """Whether the link is in the way. A list leaves it out; only writing and the sweep use the storage's own folder."""
    return method in ((_write, _sweep) if place == ".partial" else (_write, _read, _delete))


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside.prepare(tmp_path / "outside")


@pytest.mark.parametrize("is_used", [False, True], ids=["new storage", "storage in use"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", _METHODS)
def test_link_in_the_storage_is_followed_by_no_method(
    root: Path,
    storage: LocalStorage,
    outside: Outside,
    method: Callable[[LocalStorage], None],
    place: str,
    is_used: bool,
) -> None:
    if is_used:
        _write(storage)
    outside.put_link(root, place)
    before = outside.state
    if _refuses(method, place):
        with pytest.raises(InvalidKeyError, match=f"^{place} would leave the storage: it is a symbolic link") as caught:
            method(storage)
        assert str(root) not in str(caught.value)
    elif method is not _read or is_used:
        method(storage)
    assert outside.state == before
    assert (root / place).is_symlink()


@pytest.mark.parametrize("place", PLACES)
def test_link_that_leads_nowhere_is_refused_like_any_other_and_makes_nothing(
    root: Path, storage: LocalStorage, tmp_path: Path, place: str
) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidKeyError, match="would leave the storage"):
        _write(storage)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("place", PLACES)
def test_link_to_another_place_in_the_storage_is_not_followed_either(
    root: Path, storage: LocalStorage, place: str
) -> None:
    with storage.open_writer("other/tickets.csv", "text/csv") as writer:
        writer.write(b"other")
    _write(storage)
    shutil.move(root / place, root / "moved")
    (root / place).symlink_to(root / ("other/tickets.csv" if place == KEY else "other"))
    with pytest.raises(InvalidKeyError, match="would leave the storage"):
        _write(storage)
    assert [path.read_bytes() for path in (root / "other").iterdir()] == [b"other"]


def test_stale_link_among_the_temporary_files_goes_and_what_it_leads_to_stays(
    root: Path, storage: LocalStorage, outside: Outside
) -> None:
    before = outside.state
    (root / ".partial/folder").mkdir(parents=True)
    (root / ".partial/file").symlink_to(outside.folder / "secret.csv")
    (root / ".partial/linked").symlink_to(outside.folder)
    assert storage.discard_stale(datetime.now(UTC) + timedelta(seconds=5)) == 2
    assert [path.name for path in (root / ".partial").iterdir()] == ["folder"]
    assert outside.state == before


def test_root_itself_may_be_a_link(root: Path, storage: LocalStorage, outside: Outside) -> None:
    root.symlink_to(outside.folder)
    _write(storage)
    assert (outside.folder / KEY).read_bytes() == b"whole"
    _read(storage)
    storage.delete(KEY)
    assert "secret.csv" in list(storage.list(""))
    assert not (outside.folder / KEY).exists()


def test_root_may_be_below_a_link(tmp_path: Path, outside: Outside) -> None:
    (tmp_path / "mount").symlink_to(outside.folder)
    _write(LocalStorage(tmp_path / "mount/files/new"))
    assert (outside.folder / "files/new" / KEY).read_bytes() == b"whole"
