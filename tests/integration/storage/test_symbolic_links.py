"""Links below the root, by which a key could leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_export.errors import InvalidKeyError

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_export.infrastructure.storage.local import LocalStorage


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.csv").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize("key", ["exports/secret.csv", "linked/secret.csv", "linked/below/new.csv", "linked"])
def test_link_that_leaves_the_root_is_followed_by_no_method(
    root: Path, storage: LocalStorage, outside: Path, key: str
) -> None:
    (root / "exports").mkdir(parents=True)
    (root / "exports/secret.csv").symlink_to(outside / "secret.csv")
    (root / "linked").symlink_to(outside)
    with pytest.raises(InvalidKeyError), storage.open_reader(key):
        pass
    with pytest.raises(InvalidKeyError), storage.open_writer(key, "text/csv"):
        pass
    with pytest.raises(InvalidKeyError):
        storage.delete(key)
    assert list(storage.list("")) == []
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"secret.csv": b"secret"}


def test_root_itself_may_be_a_link(root: Path, storage: LocalStorage, outside: Path) -> None:
    root.symlink_to(outside)
    with storage.open_writer("exports/tickets.csv", "text/csv") as writer:
        writer.write(b"whole")
    assert (outside / "exports/tickets.csv").read_bytes() == b"whole"
    storage.delete("exports/tickets.csv")
    assert list(storage.list("")) == ["secret.csv"]
