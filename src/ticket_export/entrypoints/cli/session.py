"""What one run of the command line knows: the global options and the container."""

from __future__ import annotations

import shlex
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import attrs

from ticket_export.application.safe_text import quoted, require_storable
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.entrypoints.cli.host_app import load_host_app
from ticket_export.settings import Settings

if TYPE_CHECKING:
    import typer

    from ticket_export.application.actor import Actor

# Several for every export that a worker can run at a time.
_REMEMBERED = 1000


@attrs.define
class Session:
    """What was asked for, and what has come of it.

    `app` names a host's own container, `debug` asks for the whole log, `tells_news` for its warnings and the
    audit log; `told` are the latest of its messages that were shown.
    """

    app: str | None = None
    debug: bool = False
    tells_news: bool = False
    told: deque[str] = attrs.field(factory=lambda: deque(maxlen=_REMEMBERED))
    _container: TicketExportContainer | None = None
    _host_app: str | None = None

    def container(self) -> TicketExportContainer:
        """The container of this run: the host's, where one is named, or else the library's.

        Raises:
            BadInputError: the host's cannot be had.
            ConfigurationError: a setting cannot work.
        """
        if self._container is None:
            app = self.app or Settings.load().app
            self._host_app = app or None
            self._container = load_host_app(app) if app else TicketExportContainer()
        return self._container

    @property
    def host_app(self) -> str | None:
        """The name of the host's container that a command has asked for; None if that is the library's own."""
        return self._host_app

    def command_line(self, command: str) -> str:
        """What to type, in a POSIX shell, for `command` to work on the same container."""
        app = f"--app {shlex.quote(self._host_app)} " if self._host_app else ""
        return f"ticket-export {app}{command}"

    def opened_container(self) -> TicketExportContainer | None:
        """The container, if a command has asked for it."""
        return self._container

    def close(self) -> None:
        """Let go of the database. A host's container is the host's to close."""
        if self._container is not None and self._host_app is None:
            # Where there is no engine because its settings are wrong, the command has said so.
            with suppress(Exception):
                self._container.engine().dispose()

    def use(self, container: TicketExportContainer) -> None:
        """Work with that container and no other."""
        self._container = container

    def actor(self, email_address: str) -> Actor:
        """The active user on whose behalf the command runs.

        Raises:
            BadInputError: there is none.
        """
        try:
            require_storable(email_address)
        except ValueError as error:
            raise BadInputError("--as", f"{quoted(email_address)} {error}") from None
        actor = self.container().user_directory().find_by_email(email_address)
        if actor is None:
            raise BadInputError("--as", f"no active user has the e-mail address {quoted(email_address)}")
        return actor


def session_of(context: typer.Context) -> Session:
    """The session of a command."""
    return cast("Session", context.obj)
