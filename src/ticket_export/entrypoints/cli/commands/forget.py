"""``ticket-export forget``: delete the exports of a user."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from ticket_export.application.safe_text import quoted, require_storable
from ticket_export.container import TicketExportContainer
from ticket_export.domain.user_id import UserId
from ticket_export.entrypoints.cli.exit_codes import BadInputError, CommandError
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_note, write_summary
from ticket_export.entrypoints.cli.session import session_of

_KEYS = {UUID: "a UUID", int: "a whole number"}


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
    done = container.forget_user()(_user_id_of(user, container))
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


def _user_id_of(text: str, container: TicketExportContainer) -> UserId:
    try:
        require_storable(text)
    except ValueError as error:
        raise BadInputError("USER", f"{quoted(text)} {error}") from None
    found = container.user_directory().find_by_email(text)
    if found is not None:
        return found.user_id
    key = container.tables().export_jobs.c.requester_user_id.type.python_type
    try:
        user_id: UserId = key(text)
    except ValueError:
        raise BadInputError(
            "USER",
            f"{quoted(text)} is not the e-mail address of an active user, nor a user's id, which is {_KEYS[key]}",
        ) from None
    return user_id
