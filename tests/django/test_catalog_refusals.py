"""What a catalog refuses when it is made, with the path of the field and what would be right; and no query is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from tests.django.in_process import SERVER, SQLITE, set_up_django

set_up_django()

from django.conf import settings  # noqa: E402
from django.contrib.contenttypes.fields import GenericForeignKey  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.contrib.postgres.fields import ArrayField, DateRangeField  # noqa: E402
from django.db import connections, models  # noqa: E402
from django.db.backends.base.base import BaseDatabaseWrapper  # noqa: E402
from django.db.models import Count, F, Func, OuterRef, Q, Subquery, Value  # noqa: E402
from django.db.models.functions import Concat, Lower, TruncMonth  # noqa: E402
from django.test.utils import isolate_apps, override_settings  # noqa: E402
from django.utils import translation  # noqa: E402

from tests.django.kinds.models import Case, CaseOfReports, Comment, Label, Office  # noqa: E402
from ticket_export.catalog import EVERY_ROW, ScopeRole  # noqa: E402
from ticket_export.django import catalog_for, column  # noqa: E402
from ticket_export.errors import ConfigurationError  # noqa: E402
from ticket_export.infrastructure.django.catalog import DjangoTicketCatalog  # noqa: E402

CASES: Any = Case.objects.all()

#: The columns, and what the message says about the last of them.
REFUSED_PATHS: dict[str, str] = {
    "waits": r"kinds\.Case\.waits: DurationField is not supported; annotate its seconds or days as a number",
    "blob": r"kinds\.Case\.blob: BinaryField is not supported; a file of text has no cell for bytes",
    "custom": r"kinds\.Case\.custom: JSONField is not supported; name a key of the document, such as custom__color",
    "office": (
        r"kinds\.Case\.office: a relation to kinds\.Office has no value of its own; "
        r"name a field of it, such as office__title, or office_id for its key"
    ),
    "office__city": r"a relation to kinds\.City has no value of its own; .*, such as office__city__name$",
    "labels": r"a relation to kinds\.Label has no value of its own; name a field of it, such as labels__name$",
    "comments": r"a relation to kinds\.Comment has no value of its own; name a field of it, such as comments__id$",
    "titel": r"kinds\.Case\.titel: kinds\.Case has no field 'titel'; did you mean title\?",
    "office__nmae": r"kinds\.Case\.office__nmae: kinds\.Office has no field 'nmae'; known are .*cases.*title",
    "office__city__naem": r"kinds\.City has no field 'naem'; did you mean name\?",
    "title__lenght": r"kinds\.Case\.title__lenght: 'title' is a CharField, which has no 'lenght'; name the field alone",
    "seen_at__daet": r"'seen_at' is a DateTimeField, which has no 'daet'; did you mean date\?",
    "seen_at__date__moon": r"kinds\.Case\.seen_at__date__moon: Django refuses it: Cannot resolve",
    "": r"kinds\.Case has no field ''",
    "title__": r"'title' is a CharField, which has no ''",
    "comments__case__seen_at": r"a list of times has no time zone to be shown in; use comments__case__seen_at__date",
    "comments__case__waits": r"kinds\.Case\.comments__case__waits: DurationField is not supported",
    "custom__a\x00b": r"a key holds a NUL character",
}


def made(columns: Any = ("id",), rows: Any = CASES, **more: Any) -> DjangoTicketCatalog:
    return catalog_for(rows, columns=columns, **more)


@pytest.mark.parametrize("path", REFUSED_PATHS)
def test_a_path_is_refused_by_its_name(path: str) -> None:
    with pytest.raises(ConfigurationError, match=REFUSED_PATHS[path]):
        made(["id", path])


#: Querysets that are not one row for each whole ticket.
REFUSED_ROWS: dict[str, tuple[Callable[[], Any], str]] = {
    "sliced": (lambda: CASES[:10], "the queryset of kinds.Case is sliced; an export shows all tickets"),
    "union": (lambda: CASES.union(CASES), r"is a union\(\); combine the conditions, as in Q\(…\) \| Q\(…\)"),
    "values": (lambda: CASES.values("title"), r"has values\(\); give the queryset without it"),
    "distinct on": (lambda: CASES.distinct("title"), r"has distinct\('title'\); remove it"),
    "extra tables": (lambda: CASES.extra(tables=["kinds_label"]), r"has extra\(tables=…\)"),
    "joined many": (
        lambda: CASES.filter(labels__name="vpn").annotate(twice=F("count") * 2),
        "could show a ticket several times, since it joins a relation to many; use Exists",
    ),
    "annotated many": (lambda: CASES.annotate(label=F("labels__name")), "could show a ticket several times"),
    "a list": (lambda: [1, 2], r"give a queryset, such as Ticket\.objects\.all\(\), not list"),
    "a model": (lambda: Case, r"give a queryset, such as Ticket\.objects\.all\(\), not ModelBase"),
}


class Words(Func):
    function = "regexp_split_to_table"
    output_field = models.TextField()
    set_returning = True


@pytest.mark.parametrize(
    "label",
    [
        F("labels__name"),
        Lower("labels__name"),
        Concat("title", "labels__name", Count("comments"), output_field=models.TextField()),
        Subquery(Label.objects.filter(pk=OuterRef("labels")).values("name")),
        Words(F("title"), Value(" ")),
    ],
)
def test_a_column_that_would_repeat_a_ticket_is_refused(label: Any) -> None:
    rows = CASES.annotate(label=label).annotate(comments_of=Count("comments"))
    with pytest.raises(ConfigurationError, match=r"kinds\.Case\.label could show a ticket several times"):
        catalog_for(rows, columns=["id", "label"])
    if not isinstance(label, Words):
        catalog = catalog_for(rows, columns=["id", "comments_of"])
        assert [each.name for each in catalog.describe()] == ["id", "comments_of"]


@pytest.mark.parametrize("name", REFUSED_ROWS)
def test_a_queryset_is_refused_that_is_not_of_whole_tickets(name: str) -> None:
    rows, message = REFUSED_ROWS[name]
    with pytest.raises(ConfigurationError, match=message):
        made(rows=rows())


#: Other arguments.
REFUSED_PARTS: dict[str, tuple[dict[str, Any], str]] = {
    "columns: text": ({"columns": "title"}, r"columns is a list of paths, not a text; use columns=\['title'\]"),
    "columns: none": ({"columns": []}, "columns is empty; name at least one field"),
    "columns: field": ({"columns": [Case.title]}, "a column is the path of a field, such as 'assignee__email', not"),
    "columns: twice": ({"columns": ["title", "Title"]}, "no field 'Title'; did you mean title"),
    "columns: same": ({"columns": ["title", "title"]}, "two columns are named 'title'"),
    "created_at: other": ({"created_at": "due_on"}, r"kinds\.Case\.due_on: created_at must be a DateTimeField of the"),
    "created_at: many": ({"created_at": "comments__case__created_at"}, "created_at must be a DateTimeField"),
    "created_at: unknown": ({"created_at": "openned"}, r"kinds\.Case has no field 'openned'"),
    "is_deleted: other": (
        {"is_deleted": "deleted_at", "deleted_at": "deleted_at"},
        "is_deleted must be a BooleanField",
    ),
    "is_deleted: alone": ({"is_deleted": "is_urgent"}, "is_deleted needs deleted_at"),
    "deleted_at: other": ({"deleted_at": "is_urgent"}, "deleted_at must be a DateTimeField of the ticket"),
    "search: unknown": ({"search": ["titel"], "columns": ["title"]}, "search names 'titel', .*; did you mean title"),
    "search: text": ({"search": "title"}, r"search is a list of columns, not a text; use search=\['title'\]"),
    "search: day": (
        {"search": ["due_on"], "columns": ["due_on"]},
        r"kinds\.Case\.due_on: a search looks only at texts, numbers and choices",
    ),
    "scope": (
        {"columns": [column("title", scope_role=ScopeRole.TEAM)]},
        r"kinds\.Case\.title: scope_role is for a key, such as team_id",
    ),
    "visible_to": ({"visible_to": Q(pk=1)}, "visible_to must be a function of the actor or EVERY_ROW, not Q"),
    "truncated": (
        {"rows": CASES.annotate(month=TruncMonth("seen_at")), "columns": ["month"]},
        r"kinds\.Case\.month: a truncated time is in Django's current time zone; use TruncDate",
    ),
    "annotation": (
        {"rows": CASES.annotate(much=F("count")), "columns": ["much__moon"]},
        "the annotation 'much' has no 'moon'; name the annotation alone",
    ),
    "created_at: none": (
        {"rows": Comment.objects.all()},
        r"kinds\.Comment has no field with auto_now_add=True; add a DateTimeField",
    ),
}


@pytest.mark.parametrize("name", REFUSED_PARTS)
def test_an_argument_is_refused_with_what_would_be_right(name: str) -> None:
    parts, message = REFUSED_PARTS[name]
    with pytest.raises(ConfigurationError, match=message):
        made(**parts)


def test_a_column_may_see_only_by_a_function() -> None:
    with pytest.raises(ConfigurationError, match="column 'cost': visible_to must be a function of the actor, not"):
        column("cost", visible_to=True)  # type: ignore[arg-type]


@isolate_apps("tests.django.kinds")
def test_fields_of_other_kinds_are_refused() -> None:
    class Upper(models.CharField):  # type: ignore[type-arg]
        def from_db_value(self, value: Any, *_: object) -> Any:
            return value

    class Odd(models.Model):
        opened = models.DateTimeField(auto_now_add=True)
        tags = ArrayField(models.TextField())
        period = DateRangeField()
        shout = Upper(max_length=5)
        kind = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.IntegerField()
        target = GenericForeignKey("kind", "object_id")

        class Meta:
            app_label = "kinds"

    def message(path: str) -> str:
        with pytest.raises(ConfigurationError) as caught:
            catalog_for(Odd._base_manager.using(SERVER), columns=[path])
        return str(caught.value)

    assert "kinds.Odd.tags: ArrayField is not supported; name an element, such as tags__0, or" in message("tags")
    assert "kinds.Odd.period: DateRangeField is not supported; name its ends" in message("period")
    assert "kinds.Odd.shout: Upper converts its values in Python (from_db_value)" in message("shout")
    assert "kinds.Odd.target: 'target' is a relation to any model" in message("target")
    found = catalog_for(
        Odd._base_manager.using(SERVER), columns=["tags__0", "period__startswith"], visible_to=EVERY_ROW
    )
    assert [each.kind for each in found.describe()] == ["text", "day"]


@isolate_apps("tests.django.kinds")
def test_the_moment_of_creation_is_the_only_one_that_django_sets() -> None:
    class Twice(models.Model):
        opened = models.DateTimeField(auto_now_add=True)
        born = models.DateTimeField(auto_now_add=True)

        class Meta:
            app_label = "kinds"

    class Composite(models.Model):
        pk = models.CompositePrimaryKey("a", "b")
        a = models.IntegerField()
        b = models.IntegerField()
        opened = models.DateTimeField(auto_now_add=True)

        class Meta:
            app_label = "kinds"

    with pytest.raises(ConfigurationError, match=r"kinds\.Twice has several fields .*one of 'opened', 'born'\)"):
        catalog_for(Twice._base_manager.all(), columns=["id"])
    with pytest.raises(ConfigurationError, match=r"kinds\.Composite has a composite primary key"):
        catalog_for(Composite._base_manager.all(), columns=["a"])


@pytest.mark.parametrize("alias", [SQLITE, SERVER])
def test_no_query_is_sent_when_a_catalog_is_made(alias: str) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("connected")

    everything = ["id", "office__city__name", "labels__name", "custom__color", "address", "seen_at__date", "mood"]
    with (
        patch.object(BaseDatabaseWrapper, "connect", refuse),
        patch.object(BaseDatabaseWrapper, "cursor", refuse),
        patch.object(BaseDatabaseWrapper, "ensure_connection", refuse),
    ):
        rows = Case.objects.using(alias).filter(labels__name__iregex="v", seen_at__month=3)
        catalog = catalog_for(rows, columns=everything, visible_to=lambda _: Q(custom__color="red"))
    assert catalog.database == alias


def test_a_label_is_made_of_the_verbose_names_of_the_path() -> None:
    paths = {
        "id": "ID",
        "title": "Subject",
        "office__title": "Branch office's name",
        "office_id": "Branch ID",
        "office__city__name": "Branch city name",
        "labels__name": "Labels tag name",
        "comments__pinned_on": "Comments pinned on",
        "custom__favourite_color": "Favourite color",
        "custom__deep__0": "Deep 0",
        "seen_at__date": "Seen at date",
        "number_of_all": "Number of all",
    }
    catalog = made([*paths, column("cost", name="price", label="Price")], CASES.annotate(number_of_all=F("count")))
    assert {each.name: each.label for each in catalog.describe()} == {**paths, "price": "Price"}


def test_labels_are_in_the_language_of_the_settings_whoever_imports_the_catalog_first() -> None:
    with translation.override("de"):
        rows = models.QuerySet(model=ContentType)
        field: Any = ContentType._meta.get_field("model")
        assert str(field.verbose_name) != "python model class name"
        catalog = catalog_for(
            rows.annotate(opened=models.Value(None, output_field=models.DateTimeField())),
            columns=["model"],
            created_at="opened",
        )
    assert [each.label for each in catalog.describe()] == ["Python model class name"]


def test_choices_of_a_function_are_asked_for_at_each_export() -> None:
    field: Any = Case._meta.get_field("mood")
    before = field.choices
    asked: list[int] = []

    def choices() -> list[tuple[str, str]]:
        asked.append(1)
        return [("calm", f"Calm {len(asked)}")]

    try:
        field.choices = choices
        asked.clear()
        catalog = made(["mood"], visible_to=EVERY_ROW)
        assert asked == []
        from ticket_export.testing.entities import AN_ACTOR

        (mood,) = catalog.visible_to_actor(AN_ACTOR).columns
        assert [choice.label for choice in mood.choices] == [f"Calm {len(asked)}"]
        assert asked
    finally:
        field.choices = before


class Router:
    """Keeps some models in the PostgreSQL database, and the others in SQLite."""

    elsewhere: tuple[type[models.Model], ...] = ()

    def db_for_read(self, model: type[models.Model], **_: object) -> str | None:
        return SERVER if model in self.elsewhere else None


@pytest.fixture
def routed() -> Iterator[Callable[..., None]]:
    router = Router()
    with override_settings(DATABASE_ROUTERS=[router]):

        def keep(*elsewhere: type[models.Model]) -> None:
            router.elsewhere = elsewhere

        yield keep


def test_the_database_is_that_of_the_routers_or_of_using(routed: Callable[..., None]) -> None:
    assert made().database == SQLITE
    routed(Case)
    assert made(rows=Case.objects).database == SERVER
    assert made(rows=Case.objects.using(SQLITE)).database == SQLITE


def test_a_relation_to_a_model_of_another_database_is_refused(routed: Callable[..., None]) -> None:
    routed(Office, Label)
    for path in ("office__title", "labels__name", "office__cases__title"):
        with pytest.raises(ConfigurationError, match=rf"kinds\.Case\.{path}: the database 'server' has kinds\."):
            made([path])
    with pytest.raises(ConfigurationError, match=r"queryset of kinds\.Case: the database 'server' has kinds\.Label"):
        made(rows=CASES.filter(labels__name="vpn"))
    # The key is in the ticket itself.
    assert made(["office_id"]).database == SQLITE


def test_a_proxy_in_another_database_has_no_table_of_its_own(routed: Callable[..., None]) -> None:
    routed(CaseOfReports)
    catalog = catalog_for(Case.objects.using(SQLITE), columns=["id"], visible_to=EVERY_ROW)
    assert catalog.database == SQLITE


def test_a_rule_over_a_model_of_another_database_is_refused(routed: Callable[..., None]) -> None:
    from django.db.models import Exists

    from ticket_export.testing.entities import AN_ACTOR

    routed(Label, Comment)
    rules: list[Any] = [
        Q(labels__name="vpn"),
        ~Q(comments__text="x"),
        Q(pk__in=Comment.objects.values("case")),
        Exists(Label.objects.filter(cases=OuterRef("pk"))),
        Q(Exists(Comment.objects.filter(case=OuterRef("pk")))) | Q(pk=1),
        Case.objects.filter(labels__name="vpn"),
        Q(count__in=Case.objects.filter(comments__text="x").values("count")),
    ]
    for rule in rules:
        catalog = made(visible_to=lambda _, rule=rule: rule)
        with pytest.raises(ConfigurationError, match=r"visible_to\): the database 'server' has kinds\.(Label|Comment)"):
            catalog.visible_to_actor(AN_ACTOR)
    # On a replica, which has all tables.
    routed()
    made(rows=Case.objects.using(SERVER), visible_to=lambda _: rules[0]).visible_to_actor(AN_ACTOR)


def test_times_that_depend_on_a_zone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(connections[SQLITE]), "timezone_name", "Europe/Berlin")
    with pytest.raises(ConfigurationError, match=r"DATABASES\['default'\]\['TIME_ZONE'\] is 'Europe/Berlin': times in"):
        made()
    monkeypatch.undo()
    monkeypatch.setattr(settings, "USE_TZ", False)
    for alias in (SQLITE, SERVER):
        with pytest.raises(ConfigurationError, match=r"TIME_ZONE is 'America/Chicago': .*set USE_TZ"):
            made(rows=Case.objects.using(alias))


def test_another_vendor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections[SQLITE], "vendor", "mysql")
    monkeypatch.setattr(connections[SQLITE], "display_name", "MySQL")
    with pytest.raises(ConfigurationError, match=r"DATABASES\['default'\]: MySQL is not supported; use PostgreSQL or"):
        made()
