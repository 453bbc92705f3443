"""The exports of every company. Serve `multi_tenant.exports:app`, and run a worker for each."""

import os
from uuid import UUID

import attrs
from fastapi import Request, responses

# --- ticket-export: begin
import ticket_export as te
from multi_tenant.help_desk import TENANTS, CurrentPerson, Person, app, find_person, tickets
from ticket_export import catalog as c

columns = c.TicketCatalog(
    tables=tickets,
    id=tickets.c.id,
    created_at=tickets.c.opened_at,
    visible_to=lambda a: c.EVERY_ROW if a.is_admin else tickets.c.team.in_(a.attributes["teams"]),
    columns=[
        c.text_column("title", "Title", tickets.c.title, searchable=True),
        c.text_column("customer", "Customer", tickets.c.customer, visible_to=lambda a: a.is_admin),
    ],
)


def actor_of(who: Person) -> te.Actor:
    rights, facts = te.SystemPermissions.IMPORT_EXPORT_TICKETS, {"teams": who.teams}
    return te.Actor(user_id=who.id, is_admin=who.is_manager, permissions=rights, attributes=facts)


@attrs.frozen
class Staff(te.UserDirectory):
    tenant: str

    def find(self, user_id: te.UserId) -> te.Actor | None:
        person = find_person(str(user_id))
        return actor_of(person) if person and person.tenant == self.tenant else None


names = te.HostTableNames(users=None, user_key=str)
containers = {
    name: te.TicketExportContainer(
        settings=te.Settings(**urls), table_names=names, catalog=columns, user_directory=Staff(name)
    )
    for name, urls in TENANTS.items()
}
container = containers.get(os.environ.get("TENANT", ""))  # the command line acts for one company


@app.post("/exports", status_code=202)
def request_export(view: dict[str, object], who: CurrentPerson) -> te.RequestedExportDto:
    return containers[who.tenant].request_export()(actor_of(who), view)


@app.get("/exports/{job_id}")
def show_export(job_id: UUID, who: CurrentPerson) -> te.ExportJobDto:
    return containers[who.tenant].get_export()(actor_of(who), job_id)


@app.get("/exports/{job_id}/file")
def download(job_id: UUID, who: CurrentPerson) -> responses.StreamingResponse:
    file = containers[who.tenant].open_download()(actor_of(who), job_id)
    return responses.StreamingResponse(file.open(), headers=file.headers)


STATUS = {te.NotPermittedError: 403, te.ExportNotFoundError: 404, te.ExportNotReadyError: 409}
STATUS |= {te.ExportExpiredError: 410, te.InvalidPayloadError: 422, te.TooManyExportsError: 429}


@app.exception_handler(te.TicketExportError)
def refuse(request: Request, error: te.TicketExportError) -> responses.JSONResponse:
    # Another error is a KeyError here: the server logs both, and its answer to the user is 500 without details.
    return responses.JSONResponse({"detail": str(error)}, STATUS[type(error)])


# --- ticket-export: end
