"""``ticket-export storage take-over``: make this copy of a database the owner of its storages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ticket_export.application.use_cases.take_over_storage import TakeOver
from ticket_export.entrypoints.cli.exit_codes import CommandError
from ticket_export.entrypoints.cli.output.standard_streams import write_summary
from ticket_export.entrypoints.cli.session import session_of


class _Action(StrEnum):
    TAKE_OVER = "take-over"


def storage(
    context: typer.Context,
    action: Annotated[_Action, typer.Argument(metavar="take-over", help="The only action.")],  # noqa: ARG001
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the take-over would mean, and change nothing.")
    ] = False,
) -> None:
    """Let this copy of a database delete files in its storage, and no other copy.

    A database that was restored, cloned or moved deletes nothing until then.
    """
    session = session_of(context)
    session.tells_news = True
    storages = session.container().take_over_storage()(dry_run=dry_run)
    for each in storages:
        for line in _lines(each):
            write_summary(line)
    failed = sum(each.failed is not None for each in storages)
    if not dry_run:
        where = " in the other storages" if failed else ""
        write_summary(f"taken over: this database sweeps and cleans up from now on{where}")
    if failed:
        raise CommandError(f"{failed:,} of the former storages cannot be taken over; run this again when they are back")


def _lines(means: TakeOver) -> list[str]:
    if means.failed is not None:
        return [f"{means.place}: {means.failed}"]
    if means.is_ours:
        owner = "this database owns it already" if means.owner else "no database owns it"
    elif means.owner is None:
        owner = "its owner object cannot be read"
    else:
        owner = f"another copy of this database owns it, {means.owner}"
    lines = [f"{means.place}: {owner}"]
    if not means.is_ours:
        lines.append("from the take-over on, the other copy sweeps and cleans up no more")
    if means.unknown:
        lines.append(f"this database does not know {means.unknown:,} objects there; its next sweep deletes them")
    return lines
