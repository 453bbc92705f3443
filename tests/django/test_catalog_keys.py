"""Models with keys of other kinds, names that SQL could mistake, and a parent model."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.django.in_process import empty, set_up_django

set_up_django()

from django.db.models import Q  # noqa: E402

from tests.django.kinds.models import Keyed, Label, Named, Special  # noqa: E402
from tests.django.read_catalog import cells, records  # noqa: E402
from ticket_export.catalog import EVERY_ROW, IdType, ScopeRole  # noqa: E402
from ticket_export.django import catalog_for, column  # noqa: E402

FIRST, SECOND = UUID(int=1), UUID("6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11")


@pytest.fixture
def filled(alias: str) -> str:
    """The alias of a database with two rows of each model."""
    empty(alias)
    first = Keyed.objects.using(alias).create(id=FIRST, name="50%s")
    Keyed.objects.using(alias).create(id=SECOND, name="b", parent=first)
    Named.objects.using(alias).create(code="x", keyed_id=SECOND)
    Named.objects.using(alias).create(code="A:p0", keyed_id=FIRST)
    special = Special.objects.using(alias).create(title="one", extra="more")
    special.labels.add(Label.objects.using(alias).create(name="vpn"))
    Special.objects.using(alias).create(title="two", extra="less")
    return alias


def test_a_uuid_is_a_key(filled: str) -> None:
    catalog = catalog_for(
        Keyed.objects.using(filled),
        columns=["id", "name", "parent_id", "parent__id", "children__id", "children__name"],
        visible_to=lambda _: Q(pk__in=[FIRST, SECOND]) & ~Q(name="a:b \\c"),
    )
    described = {each.name: each for each in catalog.describe()}
    assert described["id"].id_type is IdType.UUID
    assert described["parent_id"].id_type is IdType.TEXT
    assert records(catalog) == [
        [str(FIRST), "50%s", "", "", str(SECOND), "b"],
        [str(SECOND), "b", "50%s", str(FIRST), "", ""],
    ]
    one = {"field": "id", "operator": "eq", "value": SECOND.hex.upper()}
    assert cells(catalog, columns=["name"], filters=[one]) == ["b"]
    of_parent = {"field": "parent__id", "operator": "eq", "value": str(FIRST)}
    assert cells(catalog, columns=["name"], filters=[of_parent]) == ["b"]
    hidden = catalog_for(Keyed.objects.using(filled), columns=["name"], visible_to=lambda _: Q(pk=SECOND))
    assert cells(hidden) == ["b"]


def test_a_text_is_a_key(filled: str) -> None:
    catalog = catalog_for(
        Named.objects.using(filled).filter(keyed__name__contains="%"),
        columns=["code", column("keyed_id", scope_role=ScopeRole.TEAM), "keyed__children__named__code"],
        visible_to=lambda _: Q(code__contains=":") | Q(keyed__children__name="b"),
    )
    assert records(catalog) == [["A:p0", str(FIRST), "x"]]
    assert records(catalog, scope={"teamId": str(FIRST)}) == [["A:p0", str(FIRST), "x"]]
    assert records(catalog, scope={"teamId": str(SECOND)}) == []


def test_a_child_model_has_the_fields_of_its_parent(filled: str) -> None:
    catalog = catalog_for(
        Special.objects.using(filled),
        columns=["id", "title", "extra", "labels__name"],
        visible_to=lambda _: Q(labels__name="vpn") | Q(extra="less"),
    )
    assert [record[1:] for record in records(catalog)] == [["one", "more", "vpn"], ["two", "less", ""]]
    assert len(cells(catalog_for(Special.objects.using(filled), columns=["pk"], visible_to=EVERY_ROW))) == 2
    # From the parent, the child is a relation to at most one.
    parents = catalog_for(Special.objects.using(filled), columns=["case_ptr__special__extra"], visible_to=EVERY_ROW)
    assert cells(parents) == ["more", "less"]
