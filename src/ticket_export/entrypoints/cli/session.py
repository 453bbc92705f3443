"""The state of one run of the command line: the global options and the container."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, cast

from ticket_export.application.safe_text import quoted, require_storable
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.errors import ConfigurationError

if TYPE_CHECKING:
    import typer

    from ticket_export.application.actor import Actor
    from ticket_export.container import TicketExportContainer
    from ticket_export.domain.user_id import UserId

# Several for every export that a worker can run at a time.
_REMEMBERED = 1000


def _ignore_container() -> None:
    """Do nothing when the container has been loaded."""


class Session:
    """The global options, and the container that a command has asked for.

    `app` names a host's own container, `debug` asks for the whole log, `tells_news` for its warnings and the
    audit log. `is_quiet` leaves only warnings and errors. `told` has, for the latest records that were shown, the
    export and its status, where a record names them.
    """

    #: What an operator does to see where an error comes from.
    tracing = "ticket-export --debug COMMAND shows where"
    #: Where the address of the database is set.
    database_setting = "TICKET_EXPORT_DATABASE_URL or container.engine"
    #: Whether a log of the host counts as shown wherever it is written, or only on the console.
    trusts_every_log = False
    is_quiet = False

    def __init__(self, app: str | None = None, *, debug: bool = False, tells_news: bool = False) -> None:
        self.app = app
        self.debug = debug
        self.tells_news = tells_news
        #: Loggers whose records are not news, since the command reports these failures itself.
        self.reported: set[str] = set()
        self.told: deque[tuple[str | None, str | None]] = deque(maxlen=_REMEMBERED)
        #: The name of the host's container that is in use; None for the library's own.
        self.host_app: str | None = None
        #: The container, once a command has asked for it.
        self.opened_container: TicketExportContainer | None = None
        #: Called when the container has been loaded, since the module of a host may set up logging.
        self.on_container: Callable[[], None] = _ignore_container
        #: What ends with the command.
        self.resources = ExitStack()

    def container(self) -> TicketExportContainer:
        """Return the container of this run: the host's, if one is named, or else the library's.

        Raises:
            BadInputError: the host's container cannot be loaded.
            ConfigurationError: a setting cannot work.
        """
        if self.opened_container is None:
            from ticket_export.container import TicketExportContainer
            from ticket_export.entrypoints.cli.host_app import load_host_app
            from ticket_export.settings import Settings

            self.host_app = self.app or Settings.load().app or None
            self.opened_container = load_host_app(self.host_app) if self.host_app else TicketExportContainer()
            self.on_container()
        return self.opened_container

    def command_line(self, command: str) -> str:
        """Return what to type, in a POSIX shell, for `command` to work on the same container."""
        app = f"--app {shlex.quote(self.host_app)} " if self.host_app else ""
        return f"ticket-export {app}{command}"

    def close(self) -> None:
        """Close the databases. A host closes its own container."""
        if self.opened_container is not None and self.host_app is None:
            # Where wrong settings prevent an engine, the command has already reported it.
            with suppress(Exception):
                self.opened_container.engine().dispose()
                self.opened_container.tickets_engine().dispose()

    def actor(self, user: str) -> Actor:
        """Return the active user on whose behalf the command runs, by e-mail address or key.

        Raises:
            BadInputError: there is none.
        """
        actor = self._by_email("--as", user)
        if actor is None:
            key = self.container().user_key().parse(user)
            actor = None if key is None else self.container().user_directory().find(key)
        if actor is None:
            raise BadInputError("--as", f"no active user has the e-mail address or the key {quoted(user)}")
        return actor

    def user_id(self, where: str, user: str) -> UserId:
        """Return the key of an active user by e-mail address, or of any user by the key itself.

        Raises:
            BadInputError: it is neither an address nor a key.
        """
        actor = self._by_email(where, user)
        key = self.container().user_key().parse(user) if actor is None else actor.user_id
        if key is None:
            raise BadInputError(
                where,
                f"{quoted(user)} is not the e-mail address of an active user, nor a user's key, which is "
                f"of type {self.container().user_key().type.__name__}",
            )
        return key

    def _by_email(self, where: str, user: str) -> Actor | None:
        try:
            require_storable(user)
        except ValueError as error:
            raise BadInputError(where, f"{quoted(user)} {error}") from None
        try:
            return self.container().user_directory().find_by_email(user)
        except ConfigurationError:
            # The directory finds users by key only. An address is not a key.
            if self.container().user_key().parse(user) is None:
                raise
            return None


def session_of(context: typer.Context) -> Session:
    """Return the session of a command."""
    return cast("Session", context.obj)
