"""Standard error as lines of JSON, one object for each record (``--log-format json``)."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import RLock, local
from typing import NoReturn, TextIO, cast

from ticket_export.errors import TicketExportError

_LIBRARY = "ticket_export"
#: The logger that a line names which a command, Python or another library has written as plain text.
PLAIN_TEXT = "stderr"
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


class JsonFormatter(logging.Formatter):
    """Formats a record as one line: an object with ``time`` (UTC), ``level``, ``logger`` and ``message``.

    Where the record has them, also ``job_id``, ``export_status``, ``audit`` (all fields of an audit entry) and
    ``exception``, a traceback. In a traceback of the library, only the library's own errors have their messages: other
    messages may hold secrets. With `has_messages`, all have.
    """

    def __init__(self, *, has_messages: bool = False) -> None:
        super().__init__()
        self._has_messages = has_messages

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end, in ASCII."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, object] = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("job_id", "export_status", "audit"):
            if (value := getattr(record, name, None)) is not None:
                fields[name] = value
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            is_ours = record.name.partition(".")[0] in {_LIBRARY, PLAIN_TEXT}
            fields["exception"] = _safe_traceback(error) if is_ours and not self._has_messages else _traceback(error)
        return json.dumps(fields, default=str)


class JsonLines:
    """A text stream that writes only lines of JSON to `stream`.

    A line that is an object of JSON passes as it is. Any other text, such as a warning of Python, becomes a record of
    the logger `PLAIN_TEXT`. Several threads may write at once. An error of `stream` does not reach those who write.
    """

    def __init__(self, stream: TextIO, formatter: JsonFormatter) -> None:
        self._stream = stream
        self.formatter = formatter
        # The handler of a signal may write while its thread writes.
        self._lock = RLock()
        self._begun = local()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        """Return False: programs read this."""
        return False

    def write(self, text: str) -> int:
        """Take text; it is written when its last line ends."""
        begun = getattr(self._begun, "text", "") + text
        is_whole = begun.endswith("\n")
        self._begun.text = "" if is_whole else begun
        if is_whole and begun.strip():
            if _is_object(begun):
                self._put(f"{begun.strip()}\n")
            else:
                self.write_record(plain_record(begun.rstrip("\n"), logging.INFO))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Take several texts."""
        for each in lines:
            self.write(each)

    def end_line(self) -> None:
        """Write what this thread has begun, if its line has no end yet."""
        if getattr(self._begun, "text", ""):
            self.write("\n")

    def write_record(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self._put(f"{self.formatter.format(record)}\n")

    def _put(self, line: str) -> None:
        # As in `write_note`, nobody has to read it.
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(line)
            self._stream.flush()


def plain_record(
    text: str, level: int, *, job_id: str | None = None, error: BaseException | None = None
) -> logging.LogRecord:
    """Return a record of a text that did not come from a log."""
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(PLAIN_TEXT, level, "", 0, text, None, exc_info)
    record.job_id = job_id
    return record


@contextmanager
def json_lines(*, has_messages: bool) -> Iterator[None]:
    """Inside the block, everything that Python code writes to standard error is a line of JSON."""
    before = sys.stderr
    # It is None where it was closed from the start.
    if before is None:
        yield
        return
    lines = JsonLines(before, JsonFormatter(has_messages=has_messages))
    sys.stderr = cast("TextIO", lines)
    try:
        yield
    finally:
        sys.stderr = before
        lines.end_line()


def json_stderr() -> JsonLines | None:
    """Return standard error if it takes lines of JSON."""
    stream = cast("object", sys.stderr)
    return stream if isinstance(stream, JsonLines) else None


def _is_object(text: str) -> bool:
    # A record of a host that writes lines of JSON itself.
    try:
        return "\n" not in text.strip() and isinstance(json.loads(text, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> NoReturn:
    # Python reads NaN and Infinity, but they are not JSON (RFC 8259).
    raise ValueError(constant)


def _traceback(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def _safe_traceback(error: BaseException) -> str:
    parts: list[str] = []
    each: BaseException | None = error
    seen = set[int]()
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        message = f": {each}" if isinstance(each, TicketExportError) else ""
        frames = "".join(traceback.format_tb(each.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(each).__qualname__}{message}\n")
        if each.__cause__ is not None:
            each = each.__cause__
            parts.append(_CAUSE)
        else:
            each = None if each.__suppress_context__ else each.__context__
            parts.append(_CONTEXT)
    return "".join(reversed(parts[: 2 * len(seen) - 1]))
