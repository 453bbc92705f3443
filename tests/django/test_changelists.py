"""A selection of a list of the admin has exactly the rows of that list, in its order, and only for those who see it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from tests.django.in_process import SQLITE, empty, set_up_django

set_up_django()

from django.apps import apps  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.admin.sites import AdminSite  # noqa: E402
from django.contrib.auth.management import create_permissions  # noqa: E402
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.db import connections, router, transaction  # noqa: E402
from django.db.models import F, Q  # noqa: E402
from django.db.models.functions import Lower  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from tests.django.desk.admin import TicketAdmin  # noqa: E402
from tests.django.desk.models import Tag, Ticket  # noqa: E402
from ticket_export import Actor  # noqa: E402
from ticket_export.application.ports.supports_selections import selection_check  # noqa: E402
from ticket_export.application.view.ticket_query import TicketQuery  # noqa: E402
from ticket_export.catalog import EVERY_ROW  # noqa: E402
from ticket_export.django import DjangoUserDirectory, catalog_for  # noqa: E402
from ticket_export.errors import InvalidPayloadError, StaleViewError  # noqa: E402
from ticket_export.infrastructure.django.changelist import ChangelistAddress  # noqa: E402
from ticket_export.infrastructure.django.databases import engine_of  # noqa: E402
from ticket_export.infrastructure.tickets.sqlalchemy_ticket_source import SqlAlchemyTicketSource  # noqa: E402
from ticket_export.ports import CsvFormat  # noqa: E402

TICKETS = 300
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SITE = AdminSite("lists")


class Doubled(TicketAdmin):
    """A list that shows a ticket once for each of its tags."""

    ordering = ("tags__name", "-priority")

    def get_queryset(self, request: Any) -> Any:
        every = Ticket.objects.annotate(tags_of=F("priority"))
        return every.filter(Q(tags__isnull=True) | Q(tags__name__gte=""))


class Ordered(TicketAdmin):
    """A list whose order is made of expressions."""

    def get_ordering(self, request: Any) -> Any:
        return [F("assignee__username").asc(nulls_last=True), Lower("title").desc(), "team"]


@pytest.fixture(scope="module")
def tickets(desk_databases: tuple[str, str]) -> Iterator[None]:
    chosen = random.Random(17)
    for alias in desk_databases:
        empty(alias)
        # The users of the actors are in the first database; the rows of both have the same keys.
        users = [User(pk=number, username=f"user{number}", email=f"u{number}@example.test") for number in (1, 2, 3)]
        users[0].is_superuser = users[0].is_staff = users[1].is_staff = True
        users = User.objects.using(alias).bulk_create(users)
        Group.objects.using(alias).bulk_create([Group(pk=each, name=f"Team {each % 3}-{each}") for each in (1, 2, 3)])
        tags = Tag.objects.using(alias).bulk_create([Tag(name=name) for name in ("blue", "red", "green: 100 %")])
        made = Ticket.objects.using(alias).bulk_create(
            Ticket(
                title=chosen.choice(["Wi-Fi", "printer", "Printer: 50 %", "%s and :p0", "wi-fi"]),
                team_id=chosen.choice([1, 2, 3]),
                assignee_id=chosen.choice([None, 1, 2]),
                state=chosen.choice(["open", "done"]),
                priority=chosen.choice([1, 2]),
                is_urgent=chosen.random() < 0.5,
                due_on=chosen.choice([None, date(2026, 11, 1), date(2026, 12, 24)]),
                custom={"room": chosen.choice(["A", "B", None])},
            )
            for _ in range(TICKETS)
        )
        links = Ticket.tags.through
        links.objects.using(alias).bulk_create(
            links(ticket_id=each.pk, tag_id=tag.pk) for each in made for tag in tags if chosen.random() < 0.4
        )
        for each in made:
            each.opened_at = NOW - timedelta(hours=chosen.randrange(2000))
        Ticket.objects.using(alias).bulk_update(made, ["opened_at"])
        # What `empty` has deleted too.
        ContentType.objects.clear_cache()
        for label in ("desk", "ticket_export"):
            create_permissions(apps.get_app_config(label), verbosity=0, using=alias)
        rights = Permission.objects.using(alias).filter(codename__in=["view_ticket", "import_export_tickets"])
        users[1].user_permissions.set(rights)
        for user, team in zip(users[1:], Group.objects.using(alias), strict=False):
            user.groups.set([team])
    yield
    for alias in desk_databases:
        empty(alias)


class Only:
    """A router to one database, as most projects have only one."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def db_for_read(self, model: object, **_: object) -> str:
        return self._alias

    db_for_write = db_for_read


@pytest.fixture
def source(tickets: None, alias: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlAlchemyTicketSource]:
    monkeypatch.setattr(router, "routers", [Only(alias)])
    ContentType.objects.clear_cache()
    rule = catalog_for(
        Ticket.objects.all(),
        columns=["id", "title", "state", "opened_at"],
        created_at="opened_at",
        visible_to=lambda actor: EVERY_ROW if actor.is_admin else Q(team__in=actor.attributes["groups"]),
    )
    yield SqlAlchemyTicketSource(engine_of(alias), rule)
    ContentType.objects.clear_cache()
    connections.close_all()


def registered(model_admin: type[TicketAdmin]) -> TicketAdmin:
    """Put this admin of tickets into the site."""
    if SITE.is_registered(Ticket):
        SITE.unregister(Ticket)
    SITE.register(Ticket, model_admin)
    found = SITE.get_model_admin(Ticket)
    assert isinstance(found, TicketAdmin)
    return found


def actor_of(pk: int) -> Actor:
    return DjangoUserDirectory().actor_of(User.objects.get(pk=pk))


def exported(source: SqlAlchemyTicketSource, actor: Actor, selection: str, **view: object) -> list[int]:
    query = TicketQuery.of(
        {"columns": ["id"], "selection": selection, **view},
        source.columns(actor),
        actor=actor,
        as_of=datetime.now(UTC),
        selections=selection_check(source, actor),
    )
    with source.open(query, CsvFormat()) as reader:
        count = reader.count()
        ids = [int(line) for block in reader.blocks() for line in block.data.split()]
    assert count == len(ids)
    return ids


def shown(model_admin: TicketAdmin, pk: int, parameters: Mapping[str, str]) -> tuple[list[int], Any]:
    """Return the keys that the list itself shows, each at its first place, and the request."""
    request = RequestFactory().get("/", parameters)
    request.user = User.objects.get(pk=pk)
    found = model_admin.get_changelist_instance(request).get_queryset(request)
    return list(dict.fromkeys(each.pk for each in found)), request


LISTS: list[Mapping[str, str]] = [
    {},
    {"q": "printer"},
    {"q": "50 %"},
    {"q": "wi-fi team", "o": "-3.2"},
    {"q": "red"},
    {"q": "user2", "o": "4.-5.2"},
    {"state__exact": "open", "is_urgent__exact": "1"},
    {"priority": "2", "o": "7"},
    {"due_on__isempty": "1", "o": "-7.3"},
    {"due_on__isempty": "0"},
    {"assignee__id__exact": "2", "q": "printer"},
    {"assignee__isnull": "True", "o": "-5"},
    {"team__id__exact": "1", "o": "2"},
    {"tags__id__exact": "2", "o": "3.-2"},
    {"tags__id__exact": "1", "q": "blue wi", "o": "-1"},
    {"tags__isnull": "True"},
    {"opened_at__gte": "2026-11-01 00:00:00+00:00", "opened_at__lt": "2026-11-15 00:00:00+00:00", "o": "8"},
    {"opened_at__year": "2026", "opened_at__month": "10"},
    {"waiting": "yes", "o": "-2.8"},
    {"waiting": "no", "state__exact": "open"},
    {"p": "3", "o": "2"},
    {"all": "", "o": "5.6.7"},
    {"q": "nothing at all"},
]


@pytest.mark.parametrize("pk", [1, 2], ids=["superuser", "agent"])
@pytest.mark.parametrize("model_admin", [TicketAdmin, Ordered, Doubled])
def test_file_has_the_rows_of_the_list_in_its_order(
    source: SqlAlchemyTicketSource, model_admin: type[TicketAdmin], pk: int
) -> None:
    listed, actor = registered(model_admin), actor_of(pk)
    found = 0
    for parameters in LISTS:
        ids, request = shown(listed, pk, {key: value for key, value in parameters.items() if key != "p"})
        if model_admin is Doubled and pk == 2:
            # Its list is not of the groups of the user. The rule of the catalog is.
            mine = set(Ticket.objects.filter(team=1).values_list("pk", flat=True))
            ids = [each for each in ids if each in mine]
        address = ChangelistAddress.of(listed, request, None)
        assert exported(source, actor, str(address)) == ids, parameters
        found += len(ids)
        checked = ids[::3]
        if checked:
            some = ChangelistAddress.of(listed, request, map(str, reversed(checked)))
            assert exported(source, actor, str(some)) == checked, parameters
    assert found > TICKETS


def test_filter_of_the_view_narrows_a_list_and_its_sort_is_first(source: SqlAlchemyTicketSource) -> None:
    listed, actor = registered(TicketAdmin), actor_of(1)
    ids, request = shown(listed, 1, {"o": "-8"})
    address = str(ChangelistAddress.of(listed, request, None))
    done = set(Ticket.objects.filter(state="done").values_list("pk", flat=True))
    filters = [{"field": "state", "operator": "eq", "value": "done"}]
    assert exported(source, actor, address, filters=filters) == [each for each in ids if each in done]
    assert exported(source, actor, address, sortField="id") == sorted(ids)


def refused(source: SqlAlchemyTicketSource, pk: int, selection: str) -> str:
    with pytest.raises(InvalidPayloadError) as caught:
        exported(source, actor_of(pk), selection)
    (problem,) = caught.value.problems
    assert problem.startswith("selection: ")
    return problem


@pytest.mark.parametrize(
    "selection",
    [
        "lists:desk.ticket?title__regex=(",
        "lists:desk.ticket?assignee__password__startswith=a",
        "lists:desk.ticket?team__permissions__codename=x",
        "lists:desk.ticket?no_such_field=1",
        "lists:desk.ticket?opened_at__gte=yesterday",
        "lists:desk.ticket?team__id__exact=one",
        "lists:desk.ticket?q=a%00b",
        "lists:desk.ticket?id__gt=" + 40 * "9" + ".5",
        "lists:desk.ticket?_pk=one",
        "lists:desk.ticket?_zone=Mars/Phobos",
        "lists:desk.ticket?_popup=1&_to_field=title",
        "lists:desk.ticket?" + "&".join(f"x{number}=1" for number in range(1200)),
        "lists:desk.tag",
        "lists:auth.user",
        "lists:desk.nothing",
        "lists:desk",
        "lists:",
        "other:desk.ticket",
        "desk.ticket",
        "?",
        "x",
        "lists:desk.ticket?state__exact=open&state__exact__regex=",
    ],
)
def test_text_that_a_user_made_up_is_a_mistake_of_the_view(source: SqlAlchemyTicketSource, selection: str) -> None:
    registered(TicketAdmin)
    refused(source, 1, selection)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        # PostgreSQL would need minutes for such a search, and SQLite has limits of its own.
        ("q=" + "+".join(["a"] * 1000), "the search of the list may hold at most 1,000 characters"),
        ("id__in=" + ",".join(map(str, range(3000))), "the address of the list may hold at most 8,192 characters"),
        ("_pk=" + "9" * 30, "a checked row has a key that is not one of this list"),
        ("_pk=1&_pk=-" + "9" * 30, "a checked row has a key that is not one of this list"),
    ],
)
def test_text_that_no_list_has_is_refused_at_the_request(
    source: SqlAlchemyTicketSource, query: str, message: str
) -> None:
    registered(TicketAdmin)
    assert refused(source, 1, f"lists:desk.ticket?{query}") == f"selection: {message}"


def test_list_takes_no_write_lock(source: SqlAlchemyTicketSource, alias: str) -> None:
    registered(TicketAdmin)
    actor = actor_of(1)
    with CaptureQueriesContext(connections[alias]) as captured:
        source.require_selection(actor, "lists:desk.ticket?q=printer")
    assert captured.captured_queries
    assert [each["sql"] for each in captured.captured_queries if each["sql"].startswith("BEGIN")] == []


def test_list_that_fails_leaves_the_transaction_of_the_host(source: SqlAlchemyTicketSource, alias: str) -> None:
    registered(TicketAdmin)
    with transaction.atomic(using=alias):
        assert "cannot be shown" in refused(source, 1, "lists:desk.ticket?title__regex=[")
        assert Ticket.objects.count() == TICKETS


class Apart(Only):
    """A router of tickets alone; the users are in the other database."""

    def db_for_read(self, model: Any, **_: object) -> str:
        return self._alias if model._meta.app_label == "desk" else SQLITE


class Plain(TicketAdmin):
    """A list that needs nothing of users."""

    list_filter: ClassVar[Any] = ()
    search_fields: ClassVar[Any] = ("title",)

    def get_queryset(self, request: Any) -> Any:
        return Ticket.objects.all()


def test_list_is_read_after_the_database_of_the_tickets_has_ended_an_idle_connection(
    source: SqlAlchemyTicketSource, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if alias == SQLITE:
        pytest.skip("SQLite has no server that ends connections")
    registered(Plain)
    monkeypatch.setattr(router, "routers", [Apart(alias)])
    actor = actor_of(1)
    before = exported(source, actor, "lists:desk.ticket?q=printer")
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (process,) = cursor.fetchone()
    with engine_of(alias).connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    assert exported(source, actor, "lists:desk.ticket?q=printer") == before


class Deep(TicketAdmin):
    """A list whose condition is too deep for SQLite."""

    def get_queryset(self, request: Any) -> Any:
        condition = Q(priority=1)
        for number in range(1500):
            condition |= Q(title=str(number))
        return super().get_queryset(request).filter(condition)


def test_statement_that_the_database_refuses_is_not_a_database_that_is_away(
    source: SqlAlchemyTicketSource, alias: str
) -> None:
    registered(Deep)
    if alias == SQLITE:
        assert "cannot be shown" in refused(source, 1, "lists:desk.ticket")
    else:
        assert exported(source, actor_of(1), "lists:desk.ticket")


def test_list_of_two_sites_with_one_name_is_refused(source: SqlAlchemyTicketSource) -> None:
    registered(TicketAdmin)
    other = AdminSite(SITE.name)
    assert exported(source, actor_of(1), "lists:desk.ticket")
    other.register(Ticket, Doubled)
    try:
        assert "several admin sites are named 'lists'" in refused(source, 1, "lists:desk.ticket")
    finally:
        other.unregister(Ticket)


@pytest.mark.parametrize("o", ["99", "-", "x.y", "-1.-1", "0", "1" * 5000])
def test_order_that_the_list_ignores_is_ignored(source: SqlAlchemyTicketSource, o: str) -> None:
    listed = registered(TicketAdmin)
    ids, _ = shown(listed, 1, {"o": o})
    assert exported(source, actor_of(1), f"lists:desk.ticket?{urlencode({'o': o})}") == ids


def test_no_text_shows_more_than_the_rules(source: SqlAlchemyTicketSource) -> None:
    registered(TicketAdmin)
    others = Ticket.objects.exclude(team=1).values_list("pk", flat=True)[:5]
    asked = urlencode([("_pk", each) for each in others])
    assert exported(source, actor_of(2), f"lists:desk.ticket?{asked}") == []
    assert len(exported(source, actor_of(2), "lists:desk.ticket")) < TICKETS


class TestPermissionOfTheList:
    def test_user_who_may_not_see_the_list_cannot_select_from_it(self, source: SqlAlchemyTicketSource) -> None:
        registered(TicketAdmin)
        assert "may not see it" in refused(source, 3, "lists:desk.ticket")

    def test_list_of_a_user_who_is_gone_is_refused(self, source: SqlAlchemyTicketSource) -> None:
        registered(TicketAdmin)
        with pytest.raises(InvalidPayloadError, match="may not see it"):
            exported(source, Actor(user_id=77, attributes={"groups": (1,)}), "lists:desk.ticket")

    def test_permission_is_asked_again_at_the_run(self, source: SqlAlchemyTicketSource) -> None:
        registered(TicketAdmin)
        actor = actor_of(1)
        query = TicketQuery.of(
            {"columns": ["id"], "selection": "lists:desk.ticket"},
            source.columns(actor),
            actor=actor,
            as_of=datetime.now(UTC),
            selections=selection_check(source, actor),
        )
        User.objects.filter(pk=1).update(is_staff=False)
        try:
            with pytest.raises(StaleViewError, match="may not see it"), source.open(query, CsvFormat()):
                pass
        finally:
            User.objects.filter(pk=1).update(is_staff=True)


class Broken(TicketAdmin):
    """A list that needs more of a request than a worker has."""

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).filter(team=request.tenant)


def test_list_of_a_host_that_fails_is_refused_and_never_every_row(source: SqlAlchemyTicketSource) -> None:
    registered(Broken)
    assert "cannot be shown" in refused(source, 1, "lists:desk.ticket")


def test_address_is_the_same_for_the_same_list() -> None:
    model_admin = admin.site.get_model_admin(Ticket)
    one = RequestFactory().get("/?q=a&o=2&p=3&state__exact=open")
    two = RequestFactory().get("/?state__exact=open&o=2&q=a&_facets=True&e=1")
    texts = {str(ChangelistAddress.of(model_admin, each, None)) for each in (one, two)}
    assert texts == {"admin:desk.ticket?o=2&q=a&state__exact=open"}
    assert str(ChangelistAddress.read(texts.pop())) == "admin:desk.ticket?o=2&q=a&state__exact=open"


def test_long_list_across_many_pages(source: SqlAlchemyTicketSource) -> None:
    listed, last = registered(TicketAdmin), Ticket.objects.latest("pk").pk
    kept = "title, team_id, assignee_id, state, priority, cost, custom, is_urgent, due_on, opened_at"
    with connections[router.db_for_write(Ticket)].cursor() as cursor:
        for _ in range(7):
            cursor.execute(f"INSERT INTO desk_ticket ({kept}) SELECT {kept} FROM desk_ticket")
    try:
        request = RequestFactory().get("/", {"waiting": "no", "o": "2.-6.8", "tags__isnull": "True"})
        request.user = User.objects.get(pk=1)
        rows = listed.get_changelist_instance(request).get_queryset(request).values_list("pk", flat=True)
        ids = list(dict.fromkeys(rows))
        assert len(ids) > 12_000
        assert exported(source, actor_of(1), str(ChangelistAddress.of(listed, request, None))) == ids
        assert len(exported(source, actor_of(1), "lists:desk.ticket")) > 25_000
    finally:
        Ticket.objects.filter(pk__gt=last)._raw_delete(router.db_for_write(Ticket))
