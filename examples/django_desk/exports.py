"""The exports of the help desk: what can be exported, and who the users are. `urls.py` serves them."""

from django.contrib.auth.models import User
from django.db import close_old_connections
from django.http import HttpRequest
from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, String, Table

# --- ticket-export: begin
import ticket_export as te
from ticket_export import catalog as c

numbers = [Column("id", BigInteger, primary_key=True), Column("cost", Integer, nullable=False)]
texts = [Column(name, String, nullable=False) for name in ("title", "state", "team")]
opened_at = Column("opened_at", DateTime(timezone=True), nullable=False)
tickets = Table("tickets", MetaData(), *numbers, *texts, opened_at)
catalog = c.TicketCatalog(
    tables=tickets,
    id=tickets.c.id,
    created_at=tickets.c.opened_at,
    visible_to=lambda a: c.EVERY_ROW if a.is_admin else tickets.c.team.in_(a.attributes["teams"]),
    columns=[
        c.number_column("id", "Ticket", tickets.c.id),
        c.text_column("title", "Title", tickets.c.title, searchable=True),
        c.choice_column("state", "State", tickets.c.state, choices=("open", "done")),
        c.number_column("cost", "Cost", tickets.c.cost, visible_to=lambda a: a.is_admin),
        c.date_column("openedAt", "Opened", tickets.c.opened_at),
    ],
)


def actor_of(who: User) -> te.Actor:
    may = who.has_perm("django_help_desk.export_ticket")
    rights = te.SystemPermissions.IMPORT_EXPORT_TICKETS if may else te.SystemPermissions.NONE
    facts = {"teams": tuple(who.groups.values_list("name", flat=True))}
    return te.Actor(user_id=who.pk, is_admin=who.is_superuser, permissions=rights, attributes=facts)


class Users(te.UserDirectory):
    def find(self, user_id: te.UserId) -> te.Actor | None:
        close_old_connections()  # those of a worker's thread, which no request of Django closes
        user = User.objects.filter(pk=user_id, is_active=True).first()
        return actor_of(user) if user else None


same = {name: name for name in ("id", "is_active")}
users = te.HostTable("auth_user", {**same, "first_name": "username", "is_admin": "is_superuser"})
names = te.HostTableNames(users=users, user_key=int)
container = te.TicketExportContainer(table_names=names, catalog=catalog, user_directory=Users())


def current_actor(request: HttpRequest) -> te.Actor | None:
    return actor_of(request.user) if isinstance(request.user, User) else None


# --- ticket-export: end
