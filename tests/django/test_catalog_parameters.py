"""Any text, as a value, a key in JSON, a label or a part of Django's SQL, reaches the database as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import column as sql_column
from sqlalchemy import create_engine, select

from tests.django.in_process import SERVER, SQLITE, set_up_django

set_up_django()

from django.db.models import CharField, Q, Value  # noqa: E402
from django.db.models.expressions import RawSQL  # noqa: E402
from django.db.models.functions import Concat  # noqa: E402

from tests.django.in_process import empty  # noqa: E402
from tests.django.kinds.models import Case, Label  # noqa: E402
from tests.django.read_catalog import cells, records  # noqa: E402
from ticket_export import unguard  # noqa: E402
from ticket_export.catalog import EVERY_ROW  # noqa: E402
from ticket_export.django import catalog_for, column  # noqa: E402
from ticket_export.errors import ConfigurationError  # noqa: E402
from ticket_export.infrastructure.django.model_catalog.compiled_sql import bound_text  # noqa: E402

#: With much of what SQL, Django, SQLAlchemy and the drivers read as their own.
PECULIAR = st.sampled_from(
    ["%", "%s", "%%", "%(p0)s", ":p0", ":", "::", "\\", "\\:", "'", "''", '"', "?", "$1", "{", "}", "[", "]", ";", "--"]
)
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
TEXTS = st.lists(st.one_of(PECULIAR, st.text(LETTERS, max_size=5)), min_size=1, max_size=5).map("".join)


@pytest.fixture(scope="module", params=[SQLITE, SERVER])
def one(request: pytest.FixtureRequest, desk_databases: tuple[str, str]) -> str:
    """The alias of a database with one case, which has one label."""
    assert request.param in desk_databases
    empty(request.param)
    case = Case.objects.using(request.param).create(title="one")
    case.labels.add(Label.objects.using(request.param).create(name="one"))
    return str(request.param)


@given(text=TEXTS)
def test_a_value_of_a_rule_and_of_an_annotation_stays_as_it_is(one: str, text: str) -> None:
    rows = Case.objects.using(one)
    rows.update(title=text)
    Label.objects.using(one).update(name=text)
    annotated = rows.filter(title=text).annotate(
        same=Value(text, output_field=CharField()), more=Concat("title", Value(text))
    )
    catalog = catalog_for(
        annotated,
        columns=["title", "same", "more", "labels__name"],
        visible_to=lambda _: Q(title__contains=text) & Q(labels__name__in=(text, "%s")),
    )
    (record,) = records(catalog)
    assert [unguard(cell) for cell in record] == [text, text, text + text, text]
    hidden = catalog_for(annotated, columns=["title"], visible_to=lambda _: ~Q(title=text))
    assert records(hidden) == []


@given(key=TEXTS, text=TEXTS)
def test_a_key_in_json_stays_as_it_is(one: str, key: str, text: str) -> None:
    assume("__" not in key and not re.fullmatch(r"\s*[+-]?[\d_]+\s*", key))
    # Django's separator also ends at the first two of three underscores.
    assume(not key.startswith("_") and not key.endswith("_") and key != "list")
    rows = Case.objects.using(one)
    rows.update(custom={key: text, "list": [text, key]})
    catalog = catalog_for(rows, columns=[f"custom__{key}", "custom__list"], visible_to=EVERY_ROW)
    (record,) = records(catalog)
    assert [unguard(cell) for cell in record] == [text, f"{text}, {key}"]


@given(label=TEXTS.map(str.strip).filter(bool))
def test_a_label_of_a_choice_stays_as_it_is(one: str, label: str) -> None:
    assume(label not in {"x", "y"})
    field: Any = Case._meta.get_field("mood")
    before = field.choices
    rows = Case.objects.using(one)
    rows.update(mood="x")
    try:
        field.choices = [("x", label), ("y", "y")]
        catalog = catalog_for(rows, columns=["mood", column("title", label=label)], visible_to=EVERY_ROW)
    finally:
        field.choices = before
    (mood, title) = catalog.describe()
    assert title.label == label
    assert mood.choices[0].label == label
    found = cells(catalog, columns=["mood"], filters=[{"field": "mood", "operator": "eq", "value": "x"}])
    assert [unguard(cell) for cell in found] == [label]


@given(text=TEXTS)
def test_sql_of_the_host_keeps_its_percent_signs_colons_and_backslashes(one: str, text: str) -> None:
    quoted = text.replace("'", "''").replace("%", "%%")
    rows = Case.objects.using(one).annotate(
        raw=RawSQL(f"'{quoted}' || %s || '{quoted}'", [text], output_field=CharField())
    )
    catalog = catalog_for(rows, columns=["raw"], visible_to=EVERY_ROW)
    assert [unguard(cell) for cell in cells(catalog)] == [text * 3]


@given(parts=st.lists(st.one_of(PECULIAR.filter(lambda part: "'" not in part), st.just("'")), max_size=8))
def test_bound_text_is_the_sql_that_the_driver_of_django_would_send(parts: list[str]) -> None:
    literal = "".join(parts).replace("'", "''")
    sql = f"SELECT '{literal.replace('%', '%%')}' AS a, %s AS b, %s||'%%' AS c, %s AS d"
    found = bound_text(sql, ["x:%s", "y", "x:%s"], vendor="sqlite").columns(*map(sql_column, "abcd")).subquery("t")
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert tuple(connection.execute(select(found)).one()) == ("".join(parts), "x:%s", "y%", "x:%s")
    engine.dispose()


@pytest.mark.parametrize(
    ("sql", "params"),
    [("SELECT 1", [1]), ("SELECT %s", []), ("SELECT %s", [1, 2]), ("SELECT %d", [1]), ("SELECT %", [])],
)
def test_another_number_of_placeholders_than_of_parameters_is_refused(sql: str, params: Sequence[Any]) -> None:
    with pytest.raises(ConfigurationError, match="another number of placeholders than of parameters"):
        bound_text(sql, params, vendor="sqlite")
