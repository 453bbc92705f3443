"""A folder next to the storage, to which links in the storage lead."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import attrs

KEY = "exports/job/1/tickets.csv"
#: What a link could stand for, from the root's own folders down to the file.
PLACES = (".partial", "exports", "exports/job", "exports/job/1", KEY)
_FILES = (KEY, "job/1/tickets.csv", "1/tickets.csv", "tickets.csv", "secret.csv")
_LONG_AGO = 1_000_000_000


@attrs.frozen
class Outside:
    """Has a file wherever following a link would look for one, and an empty folder wherever one would be pruned."""

    folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> Outside:
        """Everything in it is old enough for the sweep."""
        for name in _FILES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"secret")
            os.utime(folder / name, (_LONG_AGO, _LONG_AGO))
        (folder / "empty").mkdir()
        return cls(folder)

    def target_of(self, place: str) -> Path:
        """What a link at `place` leads to: a file where the storage has a file."""
        return self.folder / "secret.csv" if place == KEY else self.folder

    def put_link(self, root: Path, place: str) -> None:
        """A link at `place` of the storage, in place of what was there, which is kept elsewhere in the storage."""
        path = root / place
        if path.is_symlink():
            return
        if path.exists():
            shutil.move(path, root / f"moved-{place.replace('/', '-')}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(self.target_of(place))

    @property
    def state(self) -> dict[str, tuple[int, int, bytes]]:
        """Every name below it, with what tells whether it was touched."""
        return {
            str(path.relative_to(self.folder)): (
                path.lstat().st_mode,
                0 if path.is_dir() else path.lstat().st_mtime_ns,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in sorted(self.folder.rglob("*"))
        }
