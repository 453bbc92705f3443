"""The exports of the help desk. Serve `fastapi_orm.exports:app`, and run a worker."""

from sqlalchemy.orm import Session

# --- ticket-export: begin
import ticket_export as te
from fastapi_orm.help_desk import CurrentUser, Ticket, User, app
from ticket_export import catalog as c
from ticket_export.web.fastapi import exports_router

tickets = c.TicketCatalog(
    tables=Ticket,
    id=Ticket.id,
    created_at=Ticket.created_at,
    deleted_at=Ticket.deleted_at,
    visible_to=lambda a: c.EVERY_ROW if a.is_admin else Ticket.team_id.in_(a.attributes["teams"]),
    columns=[
        c.number_column("id", "Ticket", Ticket.id),
        c.text_column("subject", "Subject", Ticket.subject, searchable=True),
        c.choice_column("status", "Status", Ticket.status, choices=("new", "open", "solved")),
        c.text_column("email", "Customer", Ticket.email, visible_to=lambda a: a.is_admin),
        c.date_column("createdAt", "Created", Ticket.created_at),
    ],
)


def actor_of(user: User) -> te.Actor:
    facts = {"teams": tuple(team.id for team in user.teams)}
    rights = te.SystemPermissions.IMPORT_EXPORT_TICKETS
    return te.Actor(user_id=user.id, is_admin=user.is_admin, permissions=rights, attributes=facts)


class Users(te.UserDirectory):
    def find(self, user_id: te.UserId) -> te.Actor | None:
        with Session(container.engine()) as session:
            user = session.get(User, user_id)
            return actor_of(user) if user and user.is_active else None


names = te.HostTableNames(users=te.HostTable(User, {"first_name": "name"}))
container = te.TicketExportContainer(table_names=names, catalog=tickets, user_directory=Users())


def current_actor(user: CurrentUser) -> te.Actor:
    return actor_of(user)


# --- pages, API and button: begin
exports = exports_router(container, current_actor=current_actor)
app.include_router(exports, prefix="/exports")
# --- pages, API and button: end
# --- ticket-export: end
