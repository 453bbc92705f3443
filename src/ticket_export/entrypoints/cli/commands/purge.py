"""``ticket-export purge``: delete the rows of old exports."""

from datetime import timedelta
from typing import Annotated

import typer

from ticket_export.entrypoints.cli.exit_codes import BadInputError, CommandError
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.settings import MAX_HISTORY_DAYS


def purge(
    context: typer.Context,
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            min=1,
            max=MAX_HISTORY_DAYS,
            metavar="N",
            help="Days since the clean-up; without it, TICKET_EXPORT_HISTORY_DAYS decides.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete the rows of exports that were cleaned up some days ago.

    An export whose file may still exist stays. Workers do the same every hour
    if TICKET_EXPORT_HISTORY_DAYS is not 0. Several at once are safe.
    """
    session = session_of(context)
    session.tells_news = True
    purge_exports = session.container().purge_exports()
    if days is None and purge_exports.history is None:
        raise BadInputError("--days", "say how many days exports are kept, since TICKET_EXPORT_HISTORY_DAYS is 0")
    done = purge_exports(history=None if days is None else timedelta(days=days))
    if as_json:
        write_json({"purged": done.purged, "failed": done.failed})
    else:
        write_summary(f"{done.purged:,} old exports purged")
    if done.failed:
        raise CommandError(f"{done.failed:,} could not be purged; the next purge tries again")
