"""The command line shows the names that only the user directory knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command_line import run_script

_HOST = """
import sqlalchemy as sa
import ticket_export as te
from ticket_export import catalog as c
from ticket_export import ports

class Logins(ports.UserDirectory, ports.SupportsNames):
    def find(self, user_id):
        return te.Actor(user_id=user_id, permissions=te.SystemPermissions.IMPORT_EXPORT_TICKETS)

    def names(self, user_ids):
        return {user_id: "Ada Byron" for user_id in user_ids}

tickets = sa.table("tickets", sa.column("id", sa.Integer), sa.column("opened_at", sa.DateTime))
container = te.TicketExportContainer(
    table_names=te.HostTableNames(users=None, user_key=str),
    user_directory=Logins(),
    catalog=c.TicketCatalog(
        tables=tickets,
        id=tickets.c.id,
        created_at=tickets.c.opened_at,
        columns=[c.number_column("id", "Ticket", tickets.c.id)],
    ),
)
te.upgrade(container.engine(), names=container.table_names())
"""


@pytest.mark.parametrize("command", ["show", "cancel", "retry"])
def test_an_export_has_the_name_of_its_requester(tmp_path: Path, command: str) -> None:
    (tmp_path / "logins.py").write_text(_HOST, encoding="utf-8")

    def requester(*arguments: str) -> tuple[str, str]:
        ended = run_script("--app", "logins:container", *arguments, "--as", "ada", "--json", folder=tmp_path)
        assert ended.exit_code == 0, ended.err
        assert isinstance(ended.document, dict)
        return ended.document["id"], ended.document["requesterName"]

    job_id, name = requester("request", "--columns", "id")
    assert [name, requester(command, job_id)[1]] == ["Ada Byron", "Ada Byron"]
