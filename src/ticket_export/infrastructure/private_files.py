"""Files and folders for the owner of the process only: exports and the database hold personal data."""

from __future__ import annotations

import os
from pathlib import Path

#: The mode of a new file. The umask can only take from it.
PRIVATE_FILE = 0o600
#: The mode of a new folder.
PRIVATE_FOLDER = 0o700


def make_private_folders(folder: Path) -> None:
    """Make `folder` and what is missing above it. What is there already keeps its mode.

    Raises:
        OSError: the system refuses it, or something else has that name.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
    except FileNotFoundError:
        make_private_folders(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    except OSError:
        # Where the folder is there, a read-only file system need not say that first.
        if not folder.is_dir():
            raise


def create_private_file(path: Path) -> int:
    """A descriptor of the new, empty file `path`, to write to.

    Raises:
        OSError: the system refuses it. A file or link that is there is a ``FileExistsError``.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
