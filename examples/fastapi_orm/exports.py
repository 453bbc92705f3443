"""The exports of the help desk. Serve `fastapi_orm.exports:app`, and run a worker."""

from uuid import UUID

from fastapi import Request, responses
from sqlalchemy.orm import Session

# --- ticket-export: begin
import ticket_export as te
from fastapi_orm.help_desk import CurrentUser, Ticket, User, app
from ticket_export import catalog as c

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


@app.post("/exports", status_code=202)
def request_export(view: dict[str, object], user: CurrentUser) -> te.RequestedExportDto:
    return container.request_export()(actor_of(user), view)


@app.get("/exports/{job_id}")
def show_export(job_id: UUID, user: CurrentUser) -> te.ExportJobDto:
    return container.get_export()(actor_of(user), job_id)


@app.get("/exports/{job_id}/file")
def download(job_id: UUID, user: CurrentUser) -> responses.StreamingResponse:
    file = container.open_download()(actor_of(user), job_id)
    return responses.StreamingResponse(file.open(), headers=file.headers)


STATUS = {te.NotPermittedError: 403, te.ExportNotFoundError: 404, te.ExportNotReadyError: 409}
STATUS |= {te.ExportExpiredError: 410, te.InvalidPayloadError: 422, te.TooManyExportsError: 429}


@app.exception_handler(te.TicketExportError)
def refuse(request: Request, error: te.TicketExportError) -> responses.JSONResponse:
    # Another error is a KeyError here: the server logs both, and its answer to the user is 500 without details.
    return responses.JSONResponse({"detail": str(error)}, STATUS[type(error)])


# --- ticket-export: end
