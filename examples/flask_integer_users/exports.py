"""The exports of the help desk. Serve `flask_integer_users.exports:app`, and run a worker."""

from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import orm

# --- ticket-export: begin
import ticket_export as te
from flask_integer_users.help_desk import Agent, Ticket, app, current_agent
from ticket_export import catalog as c

tickets = c.TicketCatalog(
    tables=orm.outerjoin(Ticket, Agent, Ticket.agent_id == Agent.id),
    id=Ticket.id,
    created_at=Ticket.opened_at,
    visible_to=lambda a: c.EVERY_ROW if a.is_admin else Ticket.team.in_(a.attributes["teams"]),
    columns=[
        c.number_column("id", "Ticket", Ticket.id),
        c.text_column("title", "Title", Ticket.title, searchable=True),
        c.choice_column("state", "State", Ticket.state, choices=("open", "done")),
        c.text_column("agent", "Agent", Agent.full_name),
        c.number_column("cost", "Cost", Ticket.cost, visible_to=lambda a: a.is_admin),
    ],
)


def actor_of(agent: Agent) -> te.Actor:
    rights, facts = te.SystemPermissions.IMPORT_EXPORT_TICKETS, {"teams": (agent.team,)}
    return te.Actor(user_id=agent.id, is_admin=agent.is_lead, permissions=rights, attributes=facts)


class Agents(te.UserDirectory):
    def find(self, user_id: te.UserId) -> te.Actor | None:
        with orm.Session(container.engine()) as session:
            agent = session.get(Agent, user_id)
            return actor_of(agent) if agent and agent.left_at is None else None


names = te.HostTableNames(users=te.HostTable(Agent, {"first_name": Agent.full_name}))
container = te.TicketExportContainer(table_names=names, catalog=tickets, user_directory=Agents())


@app.post("/exports")
def request_export() -> tuple[dict[str, Any], int]:
    job = container.request_export()(actor_of(current_agent()), request.get_json())
    return job.model_dump(mode="json"), 202


@app.get("/exports/<uuid:job_id>")
def show_export(job_id: UUID) -> dict[str, Any]:
    return container.get_export()(actor_of(current_agent()), job_id).model_dump(mode="json")


@app.get("/exports/<uuid:job_id>/file")
def download(job_id: UUID) -> Response:
    file = container.open_download()(actor_of(current_agent()), job_id)
    return Response(file.open(), headers=file.headers)


STATUS = {te.NotPermittedError: 403, te.ExportNotFoundError: 404, te.ExportNotReadyError: 409}
STATUS |= {te.ExportExpiredError: 410, te.InvalidPayloadError: 422, te.TooManyExportsError: 429}


@app.errorhandler(te.TicketExportError)
def refuse(error: te.TicketExportError) -> tuple[dict[str, str], int]:
    # Another error is a KeyError here: the server logs both, and its answer to the user is 500 without details.
    return {"detail": str(error)}, STATUS[type(error)]


# --- ticket-export: end
