"""One check at a time: what it finds, or its own error as a finding."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator

from ticket_export.application.finding import Finding, error
from ticket_export.errors import (
    ConfigurationError,
    JobDatabaseError,
    MissingExtraError,
    StorageError,
    TicketExportError,
    TicketsUnavailableError,
)

_log = logging.getLogger(__name__)

# The place that a message begins with. A finding has it already.
_PLACE = re.compile(r"^(?:ticket catalog|container\.policy): ")
# Between two settings that are wrong.
_NEXT_SETTING = re.compile(r"; (?=TICKET_EXPORT_[A-Z0-9_]+: )")


def guarded(where: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """Return what the check finds. If it raises an error, the last finding is that error."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except Exception as raised:  # noqa: BLE001 - one check must not hide the others
        _log.info("the check of %s raised an error", where, exc_info=True)
        found += _findings_of(where, raised)
    return found


def configuration_findings(
    where: str, raised: ConfigurationError, *, remedy: str = "correct the setting or the code that it names"
) -> Iterator[Finding]:
    """Return a finding for each line or setting in the error, with what is behind its semicolon or else `remedy`."""
    if isinstance(raised, MissingExtraError):
        what, _, _ = str(raised).partition(": pip install")
        yield error(where, what, f"run: pip install 'ticket-export[{raised.extra}]'")
        return
    for line in _NEXT_SETTING.sub("\n", str(raised)).splitlines():
        what, _, told = _PLACE.sub("", line).partition("; ")
        yield error(where, what, told or (_SHOW if _hides_its_cause(raised) else remedy))


def _findings_of(where: str, raised: Exception) -> Iterable[Finding]:
    if isinstance(raised, ConfigurationError):
        return configuration_findings(where, raised)
    return (_finding_of(where, raised),)


def _finding_of(where: str, raised: Exception) -> Finding:
    # Only the library's own errors have a text that is safe to show.
    match raised:
        case JobDatabaseError() | TicketsUnavailableError():
            return error(where, _sentence(raised), "see what is wrong with the database", may_pass=True)
        case StorageError():
            return error(where, _sentence(raised), "see what is wrong with the storage", may_pass=True)
        case TicketExportError():
            return error(where, _sentence(raised), _SHOW)
    return error(where, f"it raises {type(raised).__name__}", _SHOW)


def _hides_its_cause(raised: ConfigurationError) -> bool:
    # Code of the host raised an error, whose text may not be safe to show.
    cause = raised.__cause__
    return cause is not None and str(raised).endswith(f" raised {type(cause).__name__}")


_SHOW = "run: ticket-export --debug check, which shows where the error comes from"


def _sentence(raised: Exception) -> str:
    return str(raised).removesuffix(".")
