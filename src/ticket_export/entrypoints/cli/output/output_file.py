"""The file that a command writes: complete, or not at all."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.output.standard_streams import binary_stdout
from ticket_export.entrypoints.cli.output.whole_output import output_errors, whole
from ticket_export.infrastructure.private_files import create_private_file

_STDOUT, _STDERR = 1, 2
# The names of a process's own descriptors; a shell passes >(gzip > file) as one of them.
_OWN_DESCRIPTOR = re.compile(r"/dev/std(?:in|(?P<out>out)|(?P<err>err))|/(?:dev|proc/self)/fd/(?P<number>\d{1,9})")


def is_standard_output(file: str) -> bool:
    """Tell whether `file` is standard output, so that the command must not print there."""
    if file == "-":
        return True
    with suppress(OSError, ValueError):
        printed = os.fstat(_STDOUT)
        return os.path.samestat(Path(file).stat(), printed) and not stat.S_ISCHR(printed.st_mode)
    return False


@contextmanager
def open_output(file: str) -> Iterator[BinaryIO]:
    """Return a stream to `file`, each write of which takes all of its bytes or raises.

    After the block, the file is complete and on the disk; if the block raises, an earlier file is unchanged. A new file
    is for its owner only (0600); a replaced one keeps its mode. Standard output (``-``), a pipe, a device, or a
    descriptor from the start of the process (``/dev/stdout``, ``/dev/fd/3``) is written to directly.

    Raises:
        BadInputError: nothing can be written there.
        ClosedOutputError, CommandError: not all bytes can be written; in the block too.
    """
    if file == "-":
        with binary_stdout() as stream:
            yield stream
        return
    descriptor = _opened_as_it_is(file)
    with _replaced(file) if descriptor is None else _written(descriptor, file) as stream:
        yield stream


def _opened_as_it_is(file: str) -> int | None:
    """Return a descriptor of a pipe, device or stream; None for a file, or a name that does not exist yet."""
    if file.endswith(os.sep):
        raise BadInputError("--output", f"{file} is a folder; name a file in it")
    try:
        if own := _OWN_DESCRIPTOR.fullmatch(file):
            descriptor = os.dup(_inherited(own))
        else:
            mode = Path(file).stat().st_mode
            if stat.S_ISDIR(mode):
                raise BadInputError("--output", f"{file} is a folder; name a file in it")
            if stat.S_ISREG(mode):
                return None
            descriptor = os.open(file, os.O_WRONLY | os.O_NOCTTY)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        # ValueError: a NUL, half of a surrogate pair.
        raise _unwritable(file, error) from error
    if _is_standard_error(descriptor):
        os.close(descriptor)
        raise BadInputError("--output", f"{file} is standard error, which shows progress and errors; name another file")
    return descriptor


def _inherited(own: re.Match[str]) -> int:
    number = _STDOUT if own["out"] else _STDERR if own["err"] else int(own["number"] or 0)
    # A descriptor that this process has opened itself, such as the database, is not inheritable and not an output.
    if not os.get_inheritable(number):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return number


def _is_standard_error(descriptor: int) -> bool:
    status = os.fstat(descriptor)
    if stat.S_ISCHR(status.st_mode):
        return False  # a terminal, or /dev/null
    with suppress(OSError):
        # With 2>&1 both are the same file, as asked.
        merged = os.path.samestat(status, os.fstat(_STDOUT))
        return not merged and os.path.samestat(status, os.fstat(_STDERR))
    return False


@contextmanager
def _written(descriptor: int, name: str) -> Iterator[BinaryIO]:
    raw = io.FileIO(descriptor, "wb")
    try:
        yield whole(cast("BinaryIO", raw), name)
    except BaseException:
        with suppress(OSError):
            raw.close()
        raise
    with output_errors(name):
        raw.close()


@contextmanager
def _replaced(file: str) -> Iterator[BinaryIO]:
    path = _new_path(file)
    partial = path.parent / f".ticket-export-{uuid4().hex}.part"
    try:
        descriptor = create_private_file(partial)
    except OSError as error:
        raise _unwritable(str(path.parent), error) from error
    try:
        with _written(descriptor, file) as stream:
            yield stream
            with output_errors(file):
                os.fsync(descriptor)
                _keep_access(descriptor, path)
        with output_errors(file):
            partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def _keep_access(descriptor: int, path: Path) -> None:
    """Set owner, group and mode to those of the file at `path`, if it exists; to fewer rights where that fails."""
    try:
        replaced = path.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(replaced.st_mode) & 0o777
    try:
        os.fchown(descriptor, replaced.st_uid, replaced.st_gid)
    except OSError:
        # Only root may change the owner.
        try:
            os.fchown(descriptor, -1, replaced.st_gid)
        except OSError:
            mode &= ~stat.S_IRWXG
    os.fchmod(descriptor, mode)


def _new_path(file: str) -> Path:
    try:
        # A symbolic link stays; its target is replaced.
        path = Path(file).resolve()
        if not path.parent.is_dir():
            raise BadInputError("--output", f"the folder of {file} does not exist")
    except (OSError, RuntimeError) as error:
        # RuntimeError: a loop of links, in Python 3.11 and 3.12.
        raise _unwritable(file, error) from error
    return path


def _unwritable(name: str, error: Exception) -> BadInputError:
    reason = error.strerror if isinstance(error, OSError) else error
    return BadInputError("--output", f"{name} cannot be written: {reason}")
