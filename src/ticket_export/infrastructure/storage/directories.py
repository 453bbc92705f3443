"""Folders that several processes make and remove at once, durably."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Exports hold personal data; nobody but the owner of the process has business here.
_OWNER_ONLY = 0o700


def make_root(root: Path) -> None:
    """Make `root` and what is missing above it, to stay."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        root.mkdir(mode=_OWNER_ONLY)
        _sync(root.parent)


def make_directories(directory: Path, root: Path) -> None:
    """Make `directory` and what is missing above it below `root`, which exists; to stay after `sync_directories`.

    ``FileNotFoundError`` says that another process pruned a folder meanwhile.
    """
    for each in reversed(_up_to(root, directory)):
        with suppress(FileExistsError):
            each.mkdir(mode=_OWNER_ONLY)


def prune_directories(directory: Path, root: Path) -> None:
    """Remove `directory` and what lies above it, below `root`, as far as it is empty."""
    for each in _up_to(root, directory):
        try:
            each.rmdir()
        except FileNotFoundError:
            pass  # another process pruned it first
        except OSError:
            return  # in use


def sync_directories(directory: Path, root: Path) -> None:
    """Make the names in `directory`, and it and what lies above it in `root`, survive a loss of power.

    A folder that is gone was emptied and pruned by another process, and needs no syncing.
    """
    for each in (*_up_to(root, directory), root):
        with suppress(FileNotFoundError):
            _sync(each)


def _up_to(root: Path, directory: Path) -> list[Path]:
    return [each for each in (directory, *directory.parents) if root in each.parents]


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
