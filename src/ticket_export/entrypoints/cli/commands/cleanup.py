"""``ticket-export cleanup``: what a worker does besides exporting, once."""

import typer

from ticket_export.application.safe_text import escaped
from ticket_export.application.use_cases.clean_up_expired_exports import CleanUp
from ticket_export.application.use_cases.housekeep import Chore, Housekeep, Housekept
from ticket_export.application.use_cases.purge_exports import Purge
from ticket_export.application.use_cases.recover_stalled_exports import Recovery
from ticket_export.application.use_cases.sweep_orphaned_objects import Sweep
from ticket_export.entrypoints.cli.exit_codes import CommandError, ExitCode
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.standard_streams import write_error, write_json, write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.errors import StorageError


def cleanup(context: typer.Context, as_json: AsJson = False) -> None:
    """Delete expired files and orphans, put lost exports back into the queue.

    Workers do the same. Run it where there is no worker, for example every
    few minutes. Several at once are safe.
    """
    session = session_of(context)
    session.tells_news = True
    session.reported.add(Housekeep.__module__)
    kept = session.container().housekeep()(now=True)
    # A chore that failed has done nothing that can be told.
    recovery, clean_up = kept.recovery or Recovery(), kept.clean_up or CleanUp()
    sweep, purge = kept.sweep or Sweep(), kept.purge or Purge()
    failed = clean_up.failed + sweep.failed + purge.failed
    if as_json:
        write_json(
            {
                "requeued": recovery.requeued,
                "givenUp": recovery.given_up,
                "dispatched": kept.dispatched or 0,
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
    _report_failures(kept)
    if clean_up.refused or sweep.refused:
        # The log has just told why.
        raise CommandError("files were not deleted, because this database does not own the storage")
    if failed:
        missing = " and ".join(map(escaped, clean_up.unknown_places))
        advice = f"add {missing} to TICKET_EXPORT_FORMER_STORAGE_URLS; " if missing else ""
        raise CommandError(f"{failed:,} could not be cleaned up; {advice}the next clean-up tries again")


def _report_failures(kept: Housekept) -> None:
    raised: Exception | None = None
    for chore, error in kept.failed.items():
        if isinstance(error, StorageError):
            what = "search for orphaned files" if chore is Chore.SWEEP else f"chore {chore}"
            write_error(f"the {what} failed: {error}", error)
        else:
            # Its ending may say what to do. Another one probably has the same cause.
            raised = raised or error
    if raised is not None:
        raise raised
    if kept.failed:
        raise typer.Exit(ExitCode.FAILED)
