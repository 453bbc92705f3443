"""The place of every error of the library in the answers of the API."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest

from ticket_export import errors
from ticket_export.entrypoints.web.problems import Refusal
from ticket_export.errors import InvalidPayloadError, TicketExportError

#: Errors that may reach the API, with the status of each.
STATUSES: Final = {
    "InvalidTransitionError": 409,
    "InvalidPayloadError": 422,
    "NotPermittedError": 403,
    "ExportNotFoundError": 404,
    "TooManyExportsError": 429,
    "DownloadUnavailableError": None,
    "ExportNotReadyError": 409,
    "ExportExpiredError": 410,
    "StorageError": 503,
    "InvalidKeyError": 503,
    "ObjectNotFoundError": 410,
    "StorageUnavailableError": 503,
    "StorageNotOwnedError": 503,
    "UnknownPlaceError": 503,
    "LeaseLostError": 409,
    "JobDatabaseError": 503,
}
#: Errors of runs, of chores and of the wiring. One that reaches the API is a defect, or a mistake of the host: 500.
NEVER: Final = {
    "TicketExportError",
    "UnknownDeveloperNameError",
    "ExportFailure",
    "TicketSourceError",
    "TicketsUnavailableError",
    "RowCountMismatchError",
    "ListenerStuckError",
    "StaleViewError",
    "PermissionLostError",
    "WorkerShortageError",
    "UserNotForgottenError",
    "ConfigurationError",
    "MissingExtraError",
    "SchemaMismatchError",
    "MissingTableError",
    "UnsupportedDialectError",
}
#: A text that a client must see only where the error is made for users.
TEXT: Final = "postgresql://user:password@db/desk"


def made(name: str) -> TicketExportError:
    """An error of this class with the text; its own constructor does not matter."""
    kind: type[TicketExportError] = getattr(errors, name)
    error = kind.__new__(kind)
    error.args = (TEXT,)
    if isinstance(error, InvalidPayloadError):
        error.problems = (TEXT, "another")
    return error


def test_every_error_has_a_place() -> None:
    assert set(errors.__all__) == {*STATUSES, *NEVER}
    assert not NEVER & {*STATUSES}


@pytest.mark.parametrize("name", STATUSES)
def test_error_has_the_status_of_the_design(name: str) -> None:
    refusal = Refusal.of(made(name))
    assert (refusal.problem.status if refusal else None) == STATUSES[name]


@pytest.mark.parametrize("name", sorted(NEVER))
def test_error_of_the_wiring_or_of_a_run_is_no_answer(name: str) -> None:
    assert Refusal.of(made(name)) is None


def test_text_of_a_driver_is_not_told() -> None:
    told = {name for name in STATUSES if (found := Refusal.of(made(name))) and TEXT in found.problem.model_dump_json()}
    assert told == {
        "InvalidPayloadError",
        "NotPermittedError",
        "TooManyExportsError",
        "ExportNotReadyError",
        "ExportExpiredError",
    }


def test_every_mistake_of_a_view_is_told() -> None:
    refusal = Refusal.of(InvalidPayloadError(["a: is wrong", "b: is wrong"]))
    assert refusal is not None
    assert refusal.problem.problems == ("a: is wrong", "b: is wrong")


def test_missing_export_is_told_without_its_id() -> None:
    refusal = Refusal.of(errors.ExportNotFoundError(UUID(int=7)))
    assert refusal is not None
    assert str(UUID(int=7)) not in refusal.problem.model_dump_json()


def test_what_passes_says_when_to_try_again() -> None:
    waiting = {
        name for name in STATUSES if (found := Refusal.of(made(name))) and int(found.headers.get("Retry-After", 0))
    }
    assert {name for name, status in STATUSES.items() if status in {429, 503}} <= waiting
    assert waiting.isdisjoint({"InvalidPayloadError", "NotPermittedError", "ExportNotFoundError", "ExportExpiredError"})
