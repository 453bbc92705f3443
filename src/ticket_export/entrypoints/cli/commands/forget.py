"""``ticket-export forget``: delete the exports of a user."""

from __future__ import annotations

from typing import Annotated

import typer

from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_note, write_summary
from ticket_export.entrypoints.cli.session import session_of


def forget(
    context: typer.Context,
    user: Annotated[
        str, typer.Argument(metavar="USER", help="The e-mail address of an active user, or the id of any user.")
    ],
    as_json: AsJson = False,
) -> None:
    """Delete all exports of a user, with their files, so that the user can be deleted.

    Queued and running exports end first. TICKET_EXPORT_FORGET_AUDIT says what
    happens to the audit log. If the command fails, run it again: it goes on.
    """
    session = session_of(context)
    session.tells_news = True
    container = session.container()
    done = container.forget_user()(session.user_id("USER", user))
    if as_json:
        write_json(
            {
                "ended": done.ended,
                "removed": done.removed,
                "left": done.left,
                "cleared": done.cleared,
                "anonymised": done.anonymised,
            }
        )
    else:
        write_summary(
            f"{done.removed:,} exports deleted, {done.ended:,} of them ended for that; "
            f"{done.cleared:,} other rows cleared; {done.anonymised or 0:,} audit entries anonymised"
        )
    if done.anonymised is None:
        write_note("the audit log cannot change its entries; they still name the user")
    if done.left:
        raise CommandError(f"{done.left:,} exports of another program still refer to the user")
