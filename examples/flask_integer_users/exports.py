"""The exports of the help desk. Serve `flask_integer_users.exports:app`, and run a worker."""

from sqlalchemy import orm

# --- ticket-export: begin
import ticket_export as te
from flask_integer_users.help_desk import Agent, Ticket, app, current_agent
from ticket_export import catalog as c
from ticket_export.web.flask import exports_blueprint

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


def current_actor() -> te.Actor:
    return actor_of(current_agent())


# --- pages, API and button: begin
exports = exports_blueprint(container, current_actor=current_actor)
app.register_blueprint(exports, url_prefix="/exports")
# --- pages, API and button: end
# --- ticket-export: end
