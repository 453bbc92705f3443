"""What goes wrong, as a status and a problem of RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import attrs

from ticket_export.application.dto import Dto
from ticket_export.errors import (
    ExportExpiredError,
    ExportNotFoundError,
    ExportNotReadyError,
    InvalidPayloadError,
    InvalidTransitionError,
    JobDatabaseError,
    LeaseLostError,
    NotPermittedError,
    ObjectNotFoundError,
    StorageError,
    TicketExportError,
    TooManyExportsError,
)

#: Seconds after which a client may try again.
_LATER: Final = 5

_OWN_TEXT: Final = ""


@attrs.frozen
class _Kind:
    status: HTTPStatus
    code: str
    #: What the client is told. Empty is the text of the error itself, which is safe to show.
    detail: str = _OWN_TEXT
    retry_after: int | None = None


# The first one that fits. Any other error is a mistake in the wiring, or a defect: the host's framework logs it and
# answers 500 without details.
_KINDS: Final[tuple[tuple[type[TicketExportError], _Kind], ...]] = (
    (InvalidPayloadError, _Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-view")),
    (NotPermittedError, _Kind(HTTPStatus.FORBIDDEN, "not-permitted")),
    # The same words for a missing export, another user's, and a malformed id.
    (ExportNotFoundError, _Kind(HTTPStatus.NOT_FOUND, "not-found", "There is no such export.")),
    (TooManyExportsError, _Kind(HTTPStatus.TOO_MANY_REQUESTS, "too-many-exports", retry_after=_LATER)),
    (ExportNotReadyError, _Kind(HTTPStatus.CONFLICT, "not-ready", retry_after=1)),
    (ExportExpiredError, _Kind(HTTPStatus.GONE, "expired")),
    (InvalidTransitionError, _Kind(HTTPStatus.CONFLICT, "ended", "The export has ended already.")),
    (LeaseLostError, _Kind(HTTPStatus.CONFLICT, "changing", "The export is changing. Try again.", 1)),
    (ObjectNotFoundError, _Kind(HTTPStatus.GONE, "file-gone", "The file of this export does not exist any more.")),
    (StorageError, _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "storage", "The storage does not answer.", _LATER)),
    (JobDatabaseError, _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "database", "The database does not answer.", _LATER)),
)


class Problem(Dto):
    """A problem as RFC 9457 says, with the extensions `code` (of this library) and `problems` (every mistake)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    problems: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What is wrong, for a page: every mistake alone, as a language knows it, or else the detail."""
        return self.problems or (self.detail,)


@attrs.frozen(kw_only=True)
class Refusal:
    """A problem, and the headers that belong to it."""

    problem: Problem
    headers: dict[str, str] = attrs.field(factory=dict)

    @classmethod
    def of(cls, error: TicketExportError) -> Refusal | None:
        """Return the refusal that an error is; None if it is no matter of the client's."""
        for each, kind in _KINDS:
            if isinstance(error, each):
                problems = error.problems if isinstance(error, InvalidPayloadError) else ()
                return cls.made(kind.status, kind.code, kind.detail or str(error), problems, kind.retry_after)
        return None

    @classmethod
    def made(
        cls,
        status: HTTPStatus,
        code: str,
        detail: str,
        problems: tuple[str, ...] = (),
        retry_after: int | None = None,
    ) -> Refusal:
        """Return a refusal of this status."""
        problem = Problem(title=status.phrase, status=status, detail=detail, code=code, problems=problems)
        return cls(problem=problem, headers={} if retry_after is None else {"Retry-After": str(retry_after)})


NO_ACTOR: Final = attrs.evolve(
    Refusal.made(HTTPStatus.UNAUTHORIZED, "no-actor", "Log in first."),
    # RFC 9110 wants a challenge; the host knows the real one.
    headers={"WWW-Authenticate": 'Session realm="exports"'},
)
NO_ROUTE: Final = Refusal.made(HTTPStatus.NOT_FOUND, "no-route", "There is no such address.")
TOO_LARGE: Final = Refusal.made(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "The request is longer than a view may be."
)
FORGED: Final = Refusal.made(
    HTTPStatus.FORBIDDEN,
    "cross-site",
    "This request does not come from a page of this site, or its page is too old. Load the page again.",
)
NO_MEDIA_TYPE: Final = Refusal.made(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", "Send application/json, or application/x-www-form-urlencoded."
)
PRECONDITION: Final = Refusal.made(
    HTTPStatus.PRECONDITION_FAILED, "precondition", "The file is not the one that If-Match names."
)
NO_SUCH_RANGE: Final = Refusal.made(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range", "The file has no such bytes.")
