"""Saving the file of an export: copied within the kernel where it can, else block by block."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from ticket_export.application.file.download import Download
from ticket_export.entrypoints.cli.output.progress import ProgressView
from ticket_export.errors import StorageError

_BLOCK = 1024 * 1024
# The kernel clones large ranges as fast as small ones, and a signal waits for one range.
_KERNEL_BLOCK = 64 * _BLOCK


def save_download(download: Download, target: BinaryIO, progress: ProgressView) -> None:
    """Copy the file of an export to `target`, which is from `open_output`.

    Raises:
        StorageError: it cannot be read.
        ClosedOutputError, CommandError: it cannot be written.
    """
    with download.stream as stream:
        progress.show("Downloading", 0, download.length)
        done = _copy_in_kernel(stream, target, download.length, progress)
        if done:
            stream.seek(done)
        while block := stream.read(_BLOCK):
            target.write(block)
            done += len(block)
            progress.show("Downloading", done, download.length)
    if done != download.length:
        raise StorageError(f"the file has {done:,} bytes in the storage; {download.length:,} were written")


def _copy_in_kernel(stream: BinaryIO, target: BinaryIO, length: int, progress: ProgressView) -> int:
    """Copy from file to file within the kernel; file systems that can share blocks (Btrfs, XFS) clone them.

    Returns:
        The number of bytes copied: fewer than `length`, or none, where one of the two is not a file or the kernel
        refuses. The caller copies the rest, and meets an error that lasts again.
    """
    try:
        source = os.fstat(stream.fileno())
        if not stat.S_ISREG(source.st_mode) or source.st_size != length or not stream.seekable():
            return 0
    except (AttributeError, OSError):
        return 0  # the stream has no file, or lacks a method
    done = 0
    while done < length and (copied := _copied(stream, target, done, min(_KERNEL_BLOCK, length - done))):
        done += copied
        progress.show("Downloading", done, length)
    return done


def _copied(source: BinaryIO, target: BinaryIO, offset: int, size: int) -> int:
    try:
        return os.copy_file_range(source.fileno(), target.fileno(), size, offset_src=offset)
    except (AttributeError, OSError):
        return 0  # AttributeError: a system without this call
