"""Files and folders that only the owner of the process may read, since exports and the database hold personal data."""

from __future__ import annotations

import os
from pathlib import Path

#: The mode of a new file. The umask can only remove permissions.
PRIVATE_FILE = 0o600
#: The mode of a new folder.
PRIVATE_FOLDER = 0o700


def make_private_folders(folder: Path) -> None:
    """Make `folder` and its missing parents. Existing folders keep their modes.

    Raises:
        OSError: the system refuses it, or another file has that name.
    """
    try:
        folder.mkdir(mode=PRIVATE_FOLDER)
    except FileNotFoundError:
        make_private_folders(folder.parent)
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    except OSError:
        # For an existing folder, a read-only file system may raise another error than FileExistsError.
        if not folder.is_dir():
            raise


def create_private_file(path: Path) -> int:
    """Create the file `path`, and return a descriptor to write to it.

    Raises:
        OSError: the system refuses it. An existing file or link is a ``FileExistsError``.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
