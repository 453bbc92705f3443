"""The file that a command writes: whole, or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.output import binary_stdout, output_errors, printable, write_note
from ticket_export.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_export.application.dto import Download
    from ticket_export.entrypoints.cli.progress_view import ProgressView

_BLOCK = 1024 * 1024


@contextmanager
def open_output(file: str) -> Iterator[BinaryIO]:
    """What to write `file` through; it is there, whole, after the block, and unchanged if that raises.

    Standard output (``-``), a pipe or a device is written to directly.

    Raises:
        BadInputError: nothing can be written there.
    """
    if file == "-":
        with binary_stdout() as stream:
            yield stream
        return
    path = _writable_path(file)
    if path.exists() and not path.is_file():
        with _opened(path, "wb") as stream:
            yield stream
        return
    partial = path.parent / f".ticket-export-{uuid4().hex}.part"
    try:
        with _opened(partial, "xb") as stream:
            yield stream
            with output_errors(file):
                stream.flush()
                os.fsync(stream.fileno())
        with output_errors(file):
            if path.exists():
                shutil.copymode(path, partial)
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def save_download(download: Download, target: BinaryIO, name: str, progress: ProgressView) -> None:
    """Copy the file of an export to `target`, called `name` in messages.

    Raises:
        StorageError: it cannot be read.
        ClosedOutputError, CommandError: it cannot be written.
    """
    done = 0
    with download.stream as stream:
        progress.show("Downloading", done, download.length)
        while block := stream.read(_BLOCK):
            with output_errors(name):
                target.write(block)
            done += len(block)
            progress.show("Downloading", done, download.length)
    if done != download.length:
        raise StorageError(f"the file has {done:,} bytes in the storage; {download.length:,} were written")


def note_packing(download: Download, name: str) -> None:
    """Say so, if the file called `name` is packed and its name does not tell."""
    packing = Path(download.file_name).suffix
    if name != "-" and packing != ".csv" and not name.endswith(packing):
        write_note(f"{printable(name)} is packed; a name that ends with {packing} would tell")


def _writable_path(file: str) -> Path:
    try:
        # A symbolic link stays one; what it points at is replaced.
        path = Path(file).resolve()
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
        except FileNotFoundError:
            is_folder = False
        if is_folder:
            raise BadInputError("--output", f"{file} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise BadInputError("--output", f"the folder of {file} does not exist")
    except (OSError, ValueError, RuntimeError) as error:
        # Besides the system's errors: a NUL, half of a surrogate pair, links that go round in a circle.
        raise _unwritable(file, error) from error
    return path


def _opened(path: Path, mode: str) -> BinaryIO:
    try:
        return path.open(mode)  # type: ignore[return-value]
    except OSError as error:
        raise _unwritable(str(path.parent), error) from error


def _unwritable(name: str, error: Exception) -> BadInputError:
    reason = error.strerror if isinstance(error, OSError) else error
    return BadInputError("--output", f"{name} cannot be written: {reason}")
