"""``manage.py export_check``: what is wrong with the setup."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ticket_export.application.finding import has_error
from ticket_export.entrypoints.cli.exit_codes import ExitCode
from ticket_export.entrypoints.cli.output.finding_text import finding_json, findings_text, with_commands_of
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_line
from ticket_export.entrypoints.django.command_session import command_session
from ticket_export.entrypoints.django.system_checks import setting_findings


class Command(BaseCommand):
    """Find mistakes in the setup, as ``ticket-export check`` does."""

    help = (
        "Find mistakes in settings, tables, columns, rights and storage. Each finding says what to do. The exit code "
        "is 1 if there is an error, and 0 if there are only warnings. The check writes one small object into the "
        "storage and deletes it. It changes nothing else."
    )
    # They are among the findings.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option of ``ticket-export check``."""
        parser.add_argument("--json", action="store_true", dest="as_json", help="Print JSON.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print the findings.

        Raises:
            CommandError: there is an error among them.
        """
        with command_session(self, options) as session:
            found = [each for _, each in setting_findings()]
            # Without a container there is nothing more to check.
            if not has_error(found):
                known = {each.text for each in found}
                checked = (with_commands_of(session, each) for each in session.container().check())
                found += [each for each in checked if each.text not in known]
            if options["as_json"]:
                write_json([finding_json(each) for each in found])
            else:
                write_line(findings_text(found))
        if has_error(found):
            errors = sum(has_error([each]) for each in found)
            raise CommandError(f"{errors} error{'s' if errors > 1 else ''} found", returncode=ExitCode.FAILED)
