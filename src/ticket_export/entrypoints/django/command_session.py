"""A command of ``manage.py`` as the command line runs it: with the same messages, exit codes and log."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import BaseCommand, CommandError

from ticket_export.entrypoints.cli.ending import ending_of
from ticket_export.entrypoints.cli.exit_codes import ClosedOutputError, ExitCode
from ticket_export.entrypoints.cli.library_log import library_log
from ticket_export.entrypoints.cli.output.standard_streams import whole_output
from ticket_export.entrypoints.cli.session import Session
from ticket_export.entrypoints.django.current_container import exports_container
from ticket_export.entrypoints.django.library_settings import app_setting
from ticket_export.infrastructure.django.thread_connections import without_connections_afterwards

if TYPE_CHECKING:
    from ticket_export.container import TicketExportContainer

_MANAGE: Final = "python manage.py"
#: The commands of the library's own command line that Django's has under other names.
_COMMANDS: Final = {"worker": "export_worker", "check": "export_check", "migrate": "migrate"}
_DEBUG: Final = "--debug "
# Of Django's --verbosity.
_QUIET, _ALL = 0, 3


class DjangoSession(Session):
    """The container that ``TICKET_EXPORT_APP`` names, and the commands of ``manage.py``."""

    tracing = "--traceback shows where"
    database_setting = "DATABASES"
    trusts_every_log = True

    def container(self) -> TicketExportContainer:
        """Return the host's container.

        Raises:
            ConfigurationError: there is none.
        """
        if self.opened_container is None:
            self.host_app = app_setting()
            self.opened_container = exports_container()
            self.on_container()
        return self.opened_container

    def command_line(self, command: str) -> str:
        """Return what to type, in a POSIX shell: a command of ``manage.py`` if there is one."""
        name, _, rest = command.removeprefix(_DEBUG).partition(" ")
        if name in _COMMANDS:
            rest = f"--verbosity {_ALL} {rest}" if command.startswith(_DEBUG) else rest
            return f"{_MANAGE} {_COMMANDS[name]} {rest}".rstrip()
        return f"ticket-export --app {shlex.quote(app_setting())} {command}"


@contextmanager
def command_session(command: BaseCommand, options: dict[str, Any]) -> Iterator[DjangoSession]:
    """Run a command in the block. What the library writes goes to the streams of the command.

    Raises:
        CommandError: what the command line would say, with its exit code.
    """
    verbosity = options["verbosity"]
    session = DjangoSession(debug=verbosity >= _ALL)
    session.is_quiet = verbosity <= _QUIET
    try:
        with (
            _streams_of(command),
            session.resources,
            library_log(session),
            without_connections_afterwards(),
        ):
            yield session
    except CommandError:
        raise
    except ClosedOutputError as error:
        raise CommandError(str(error), returncode=ExitCode.FAILED) from error
    except KeyboardInterrupt:
        raise CommandError("interrupted", returncode=ExitCode.INTERRUPTED) from None
    except Exception as error:
        ending = ending_of(error, session)
        raise CommandError("\n".join(ending.lines), returncode=ending.exit_code) from error


@contextmanager
def _streams_of(command: BaseCommand) -> Iterator[None]:
    # `call_command` may have given others than the process has.
    out, err = (getattr(stream, "_out", None) for stream in (command.stdout, command.stderr))
    with redirect_stdout(out), redirect_stderr(err), whole_output():
        yield
