"""The users that a visitor of the demo can be, and who the visitor is now. There is no password."""

from __future__ import annotations

from typing import Final

import attrs
from flask import Response, request

from ticket_export.application.actor import Actor
from ticket_export.application.ports.user_directory import UserDirectory

_COOKIE: Final = "ticket_export_demo_user"


@attrs.frozen
class Account:
    """A user of the sample data."""

    key: str
    name: str
    role: str
    rights: str

    @property
    def email(self) -> str:
        """The e-mail address, by which the user directory finds the user."""
        return f"{self.key}@example.test"


ACCOUNTS: Final = (
    Account("admin", "Ada Admin", "Administrator", "may export and download"),
    Account("staff", "Stan Staff", "Staff", "may export, may not download"),
    Account("viewer", "Vera Viewer", "Viewer", "may not export"),
)


@attrs.frozen
class Accounts:
    """Knows the user of the current request by a cookie."""

    directory: UserDirectory

    @property
    def current(self) -> Account:
        """The account of the current request; the administrator until the visitor chooses."""
        chosen = request.cookies.get(_COOKIE)
        return next((each for each in ACCOUNTS if each.key == chosen), ACCOUNTS[0])

    def current_actor(self) -> Actor | None:
        """Return the actor of the current request, as a host's login does."""
        return self.directory.find_by_email(self.current.email)

    def choose(self, key: str, response: Response) -> Response:
        """Let the next requests be those of the account `key`, if there is one."""
        if any(each.key == key for each in ACCOUNTS):
            response.set_cookie(_COOKIE, key, httponly=True, samesite="Lax")
        return response
