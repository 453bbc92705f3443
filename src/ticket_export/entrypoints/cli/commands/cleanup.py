"""``ticket-export cleanup``: what a worker does besides exporting, once."""

import typer

from ticket_export.application.safe_text import escaped
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.container import TicketExportContainer
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.errors import StorageError


def cleanup(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete expired files and orphans, put lost exports back into the queue.

    Workers do the same. Run it where there is no worker, for example every
    few minutes. Several at once are safe.
    """
    session = session_of(context)
    session.tells_news = True
    container = session.container()
    recovery = container.recover_stalled_exports()()
    clean_up = container.clean_up_expired_exports()()
    sweep, problem = _swept(container)
    purge = container.purge_exports()()
    failed = clean_up.failed + sweep.failed + purge.failed
    if as_json:
        write_json(
            {
                "requeued": recovery.requeued,
                "givenUp": recovery.given_up,
                "cleanedUp": clean_up.cleaned_up,
                "orphansRemoved": sweep.removed,
                "unfinishedRemoved": sweep.unfinished,
                "purged": purge.purged,
                "failed": failed,
                "unknownPlaces": clean_up.unknown_places,
                "refused": clean_up.refused or sweep.refused,
            }
        )
    else:
        write_summary(
            f"{clean_up.cleaned_up:,} expired exports cleaned up; "
            f"{recovery.requeued:,} lost exports back in the queue, {recovery.given_up:,} given up; "
            f"{sweep.removed:,} orphaned and {sweep.unfinished:,} unfinished files removed; "
            f"{purge.purged:,} old exports purged"
        )
    # After the report of what was done.
    if problem is not None:
        raise CommandError(f"the search for orphaned files failed: {problem}") from problem
    if clean_up.refused or sweep.refused:
        # The log has just told why.
        raise CommandError("files were not deleted, because this database does not own the storage")
    if failed:
        missing = " and ".join(map(escaped, clean_up.unknown_places))
        advice = f"add {missing} to TICKET_EXPORT_FORMER_STORAGE_URLS; " if missing else ""
        raise CommandError(f"{failed:,} could not be cleaned up; {advice}the next clean-up tries again")


def _swept(container: TicketExportContainer) -> tuple[Sweep, StorageError | None]:
    try:
        return container.sweep_orphaned_objects()(), None
    except StorageError as error:
        return Sweep(), error
