"""Wire ticket-export to the tables of the CRM, and export its cases. Run it in an empty folder."""

import sqlalchemy as sa

import ticket_export as te
from crm import ADA, cases, fill, people
from ticket_export import catalog, ports

person = {"id": "person_id", "first_name": "given", "last_name": "family", "email_address": "mail"}
users = te.HostTable("crm_people", {**person, "is_admin": "is_boss", "is_active": "works_here"})
names = te.HostTableNames(users=users)
case_catalog = catalog.TicketCatalog(
    tables=cases.outerjoin(people, people.c.person_id == cases.c.owner_id),
    id=cases.c.number,
    created_at=cases.c.opened_at,
    is_deleted=cases.c.gone_at.is_not(None),
    deleted_at=cases.c.gone_at,
    visible_to=catalog.EVERY_ROW,  # everybody who may export sees every case
    columns=[
        catalog.number_column("number", "Case", cases.c.number),
        catalog.text_column("subject", "Subject", cases.c.subject, searchable=True),
        catalog.choice_column("state", "State", cases.c.state, choices=("open", "done")),
        catalog.text_column("owner", "Owner", people.c.family),
        catalog.id_column("ownerId", "Owner ID", cases.c.owner_id, scope_role=catalog.ScopeRole.ASSIGNEE),
        catalog.date_column("openedAt", "Opened", cases.c.opened_at),
    ],
)


class CrmUserDirectory(ports.UserDirectory):
    def find(self, user_id: te.UserId) -> te.Actor | None:
        return self._find(people.c.person_id == user_id)

    def find_by_email(self, email_address: str) -> te.Actor | None:
        return self._find(sa.func.lower(people.c.mail) == email_address.lower())

    def _find(self, which: sa.ColumnElement[bool]) -> te.Actor | None:
        with container.engine().connect() as connection:
            row = connection.execute(sa.select(people).where(which, people.c.works_here)).first()
        rights = te.SystemPermissions.IMPORT_EXPORT_TICKETS if row and row.may_export else te.SystemPermissions.NONE
        return te.Actor(user_id=row.person_id, is_admin=row.is_boss, permissions=rights) if row else None


# Database and storage: TICKET_EXPORT_DATABASE_URL and TICKET_EXPORT_STORAGE_URL.
container = te.TicketExportContainer(table_names=names, catalog=case_catalog, user_directory=CrmUserDirectory())

if __name__ == "__main__":
    fill(container.engine())
    te.upgrade(container.engine(), names=names)  # creates the tables of exports, files and tasks
    ada = te.Actor(user_id=ADA, is_admin=True, permissions=te.SystemPermissions.IMPORT_EXPORT_TICKETS)
    job = container.request_export()(ada, {"columns": ["number", "subject", "owner"], "sortField": "state"})
    container.worker().drain()  # in production a process of its own: ticket-export --app host_app:container worker
    with container.open_download()(ada, job.id).open() as file:
        print(file.read().decode("utf-8-sig"), end="")
