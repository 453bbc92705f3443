"""The exports of every company. Serve `multi_tenant.exports:app`, and run a worker for each."""

import os
from collections.abc import Callable

import attrs
from fastapi import HTTPException

# --- ticket-export: begin
import ticket_export as te
from multi_tenant.help_desk import TENANTS, CurrentPerson, Person, app, find_person, tickets
from ticket_export import catalog as c
from ticket_export.web.fastapi import exports_router

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


def actor_in(tenant: str) -> Callable[[Person], te.Actor]:
    def current_actor(who: CurrentPerson) -> te.Actor:
        if who.tenant != tenant:
            raise HTTPException(404)
        return actor_of(who)

    return current_actor


# --- pages, API and button: begin
for name, theirs in containers.items():
    exports = exports_router(theirs, current_actor=actor_in(name))
    app.include_router(exports, prefix=f"/{name}/exports")
# --- pages, API and button: end
# --- ticket-export: end
