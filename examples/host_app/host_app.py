"""What the CRM adds to export its cases. Run it in an empty folder."""

from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from dependency_injector.providers import Factory, Object, ThreadSafeSingleton

import ticket_export as te
from crm import ADA, cases, fill, metadata, people

person = {"id": "person_id", "first_name": "given", "last_name": "family", "email_address": "mail"}
names = te.HostTableNames(
    users=te.HostTable("crm_people", {**person, "is_admin": "is_boss", "is_active": "works_here"}),
    media_items=te.HostTable("crm_files"),
    background_tasks=te.HostTable("crm_tasks"),
)
catalog = te.TicketCatalog(
    tables=cases.outerjoin(people, people.c.person_id == cases.c.owner_id),
    id=cases.c.number,
    created_at=cases.c.opened_at,
    is_deleted=cases.c.gone_at.is_not(None),
    deleted_at=cases.c.gone_at,
    columns=[
        te.number_column("number", "Case", cases.c.number),
        te.text_column("subject", "Subject", cases.c.subject, searchable=True),
        te.choice_column("state", "State", cases.c.state, choices=("open", "done")),
        te.text_column("owner", "Owner", people.c.family),
        te.id_column("ownerId", "Owner ID", cases.c.owner_id, scope_role=te.ScopeRole.ASSIGNEE),
        te.date_column("openedAt", "Opened", cases.c.opened_at),
    ],
)


class CrmUserDirectory:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def find(self, user_id: UUID) -> te.Actor | None:
        return self._find(people.c.person_id == user_id)

    def find_by_email(self, email_address: str) -> te.Actor | None:
        return self._find(sa.func.lower(people.c.mail) == email_address.lower())

    def _find(self, which: sa.ColumnElement[bool]) -> te.Actor | None:
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(people).where(which, people.c.works_here)).first()
        if row is None:
            return None
        rights = te.SystemPermissions.IMPORT_EXPORT_TICKETS if row.may_export else te.SystemPermissions.NONE
        return te.Actor(user_id=row.person_id, is_admin=row.is_boss, permissions=rights)


container = te.TicketExportContainer()
container.table_names.override(Object(names))
# In production, paths from the root: web application and worker may be started in different folders.
container.engine.override(ThreadSafeSingleton(te.create_engine, "sqlite:///crm.db"))
container.catalog.override(Object(catalog))
container.user_directory.override(Factory(CrmUserDirectory, container.engine))
container.storage.override(ThreadSafeSingleton(te.LocalStorage, Path("crm-exports")))

if __name__ == "__main__":
    engine, tables = container.engine(), container.tables()
    metadata.create_all(engine)
    fill(engine)
    tables.media_items.create(engine)  # the CRM kept no files and ran no tasks until now
    tables.background_tasks.create(engine)
    te.upgrade(engine, reference_schema=False, names=names)

    ada = te.Actor(user_id=ADA, is_admin=True, permissions=te.SystemPermissions.IMPORT_EXPORT_TICKETS)
    job = container.request_export()(ada, {"columns": ["number", "subject", "owner"], "sortField": "state"})
    container.worker().drain()  # in production a process of its own: ticket-export --app host_app:container worker
    print(container.list_exports()(ada).items[0].status)
    with container.open_download()(ada, job.id).stream as file:
        print(file.read().decode("utf-8-sig"), end="")
