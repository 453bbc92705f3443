"""Every page of the library, and the dialog of the button, in each of its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from playwright.sync_api import Page

from tests.web.browser.served_desk import ADMIN, STAFF, WITHOUT_RIGHT, ServedDesk, User, sign_in
from ticket_export.domain.export_job import CANCELLED
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.domain.progress_stage import ProgressStage

Open = Callable[[Page, ServedDesk, User], None]

_RUNNING: Final[Mapping[str, object]] = {
    "status": ExportJobStatus.RUNNING,
    "progress_stage": ProgressStage.EXPORTING,
    "progress_percent": 42,
}
_WHEN: Final = datetime(2026, 1, 2, tzinfo=UTC)
_ENDED: Final[Mapping[str, object]] = {"status": ExportJobStatus.FAILED, "completed_at": _WHEN}
_FAILED: Final[Mapping[str, object]] = {**_ENDED, "error_message": "The storage is not available."}
_CANCELLED: Final[Mapping[str, object]] = {**_ENDED, "error_message": CANCELLED}
#: The view of the list, with more than one restriction.
VIEW: Final[dict[str, object]] = {
    "columns": ["id", "title", "status", "creationTime"],
    "filters": [{"field": "priority", "operator": "is_any_of", "value": "high, urgent"}],
    "searchTerm": "printer",
}


def _go(page: Page, desk: ServedDesk, path: str) -> None:
    page.goto(f"{desk.url()}{path}")


def _status(state: Mapping[str, object] | None = None) -> Open:
    return lambda page, desk, user: _go(page, desk, desk.requested(user, dict(VIEW), state))


def _new(page: Page, desk: ServedDesk, user: User) -> None:
    _go(page, desk, "/exports/new")


def _mistakes(page: Page, desk: ServedDesk, user: User) -> None:
    _new(page, desk, user)
    for box in page.locator("[name=columns]").all():
        box.uncheck()
    page.locator(".te-send button").click()
    page.locator("[data-te-problems]").wait_for()


def _dialog(page: Page, desk: ServedDesk, user: User) -> None:
    _go(page, desk, "/tickets")
    page.locator("button.te-export").click()
    page.locator("dialog [data-te-page] h1").wait_for()


def _requested(page: Page, desk: ServedDesk, user: User) -> None:
    _dialog(page, desk, user)
    page.locator("dialog .te-send button").click()
    page.locator("dialog [data-te-status]").wait_for()


def _dialog_mistakes(page: Page, desk: ServedDesk, user: User) -> None:
    _dialog(page, desk, user)
    page.locator("dialog [data-te-none]").click()
    page.locator("dialog .te-send button").click()
    page.locator("dialog [data-te-problems]").wait_for()


def _dialog_completed(page: Page, desk: ServedDesk, user: User) -> None:
    _requested(page, desk, user)
    with page.expect_download():
        desk.desk.container.worker().drain()
    page.locator("dialog .te-status-completed").wait_for()


def _dialog_failed(page: Page, desk: ServedDesk, user: User) -> None:
    _requested(page, desk, user)
    with desk.refused():
        desk.desk.container.worker().drain()
    page.locator("dialog .te-status-failed").wait_for()


def _dialog_signed_out(page: Page, desk: ServedDesk, user: User) -> None:
    _dialog(page, desk, user)
    page.context.clear_cookies()
    page.locator("dialog .te-send button").click()
    page.locator("dialog [role=alert]").wait_for()


def _dialog_offline(page: Page, desk: ServedDesk, user: User) -> None:
    _go(page, desk, "/tickets")
    page.context.set_offline(True)
    page.locator("button.te-export").click()
    page.locator("dialog [role=alert]").wait_for()
    page.context.set_offline(False)


def _list(page: Page, desk: ServedDesk, user: User) -> None:
    desk.completed(user, dict(VIEW))
    desk.expired(user)
    for state in (_RUNNING, _FAILED, _CANCELLED, {}):
        desk.requested(user, state=state)
    _go(page, desk, "/exports/")


def _paged(page: Page, desk: ServedDesk, user: User) -> None:
    for _ in range(26):
        desk.requested(user, state=_FAILED)
    _go(page, desk, "/exports/?page=2")


def _no_page(page: Page, desk: ServedDesk, user: User) -> None:
    desk.completed(user)
    _go(page, desk, "/exports/?page=99")


def _with_others(page: Page, desk: ServedDesk, user: User) -> None:
    desk.completed(user)
    desk.requested(desk.user(STAFF, ("Maximiliane", "Mustermann-Überlang")), state=_FAILED)
    _go(page, desk, "/exports/")


def _completed(page: Page, desk: ServedDesk, user: User) -> None:
    _go(page, desk, desk.completed(user, dict(VIEW)))


def _signed_out(page: Page, desk: ServedDesk, user: User) -> None:
    sign_in(page, desk.url(), "nobody@example.test")
    _go(page, desk, "/exports/")


def _forbidden(page: Page, desk: ServedDesk, user: User) -> None:
    _go(page, desk, f"{desk.completed(user)}/file")


def _gone(page: Page, desk: ServedDesk, user: User) -> None:
    _go(page, desk, f"{desk.expired(user)}/file")


#: The kind of user, and what opens the page, by state.
STATES: Final[Mapping[str, tuple[tuple[str, bool], Open]]] = {
    "new": (ADMIN, _new),
    "new-mistakes": (ADMIN, _mistakes),
    "new-without-right": (WITHOUT_RIGHT, _new),
    "new-without-download": (STAFF, _new),
    "list-empty": (STAFF, lambda page, desk, user: _go(page, desk, "/exports/")),
    "list": (STAFF, _list),
    "list-paged": (STAFF, _paged),
    "list-with-others": (ADMIN, _with_others),
    "list-no-page": (ADMIN, _no_page),
    "queued": (ADMIN, _status()),
    "running": (ADMIN, _status(_RUNNING)),
    "running-without-download": (STAFF, _status(_RUNNING)),
    "completed": (ADMIN, _completed),
    "completed-without-download": (STAFF, _completed),
    "failed": (ADMIN, _status(_FAILED)),
    "cancelled": (ADMIN, _status(_CANCELLED)),
    "expired": (ADMIN, lambda page, desk, user: _go(page, desk, desk.expired(user))),
    "problem-401": (ADMIN, _signed_out),
    "problem-403": (STAFF, _forbidden),
    "problem-404": (ADMIN, lambda page, desk, user: _go(page, desk, "/exports/nothing")),
    "problem-410": (ADMIN, _gone),
    "dialog-new": (ADMIN, _dialog),
    "dialog-mistakes": (ADMIN, _dialog_mistakes),
    "dialog-without-right": (WITHOUT_RIGHT, _dialog),
    "dialog-without-download": (STAFF, _dialog),
    "dialog-queued": (ADMIN, _requested),
    "dialog-completed": (ADMIN, _dialog_completed),
    "dialog-failed": (ADMIN, _dialog_failed),
    "dialog-signed-out": (ADMIN, _dialog_signed_out),
    "dialog-offline": (ADMIN, _dialog_offline),
}
