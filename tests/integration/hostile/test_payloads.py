"""Whatever is sent to the real request: an answer or the one error, and never a query that it changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.integration.hostile.help_desk import HostileHelpDesk
from tests.integration.hostile.strategies import any_text, junk, spoiled_views
from tests.strategies import filters, views
from ticket_export.application.view.filter_operators import OPERATORS, Operator
from ticket_export.errors import InvalidPayloadError
from ticket_export.infrastructure.help_desk.catalog import reference_catalog
from ticket_export.infrastructure.help_desk.tables import REFERENCE_TABLES

COLUMNS = list(reference_catalog(REFERENCE_TABLES).describe())
NAMES = [column.name for column in COLUMNS]
ALL = {"columns": NAMES}


def claim_answer_or_one_error(desk: HostileHelpDesk, payload: Any) -> None:
    try:
        job = desk.export(payload)
    except InvalidPayloadError:
        return
    # What is accepted can be run, too.
    assert (job.status, job.error_message) == ("completed", None)
    desk.claim_data_unchanged()


@given(payload=junk)
def test_any_object(desk: HostileHelpDesk, payload: object) -> None:
    claim_answer_or_one_error(desk, payload)


@given(payload=spoiled_views(COLUMNS))
@example(payload={**ALL, "filters": [{"field": "id", "operator": "gt", "value": 1e308}]})
@example(payload={**ALL, "filters": [{"field": "id", "operator": "is_any_of", "value": [0.1, 10**18, "1e-300"]}]})
@example(payload={**ALL, "filters": [{"field": "slaDueAt", "operator": "is_before", "value": "0001-01-01"}]})
@example(payload={**ALL, "filters": [{"field": "slaDueAt", "operator": "is_after", "value": "9999-12-31"}]})
@example(payload={**ALL, "filters": [{"field": "title", "operator": "is_any_of", "value": ["x"] * 500}] * 50})
@example(payload={**ALL, "filters": [{"field": "title", "operator": "not_contains", "value": "x"}] * 50})
def test_any_view_with_parts_exchanged(desk: HostileHelpDesk, payload: dict[Any, Any]) -> None:
    claim_answer_or_one_error(desk, payload)


@given(payload=views(COLUMNS))
def test_every_valid_view_is_exported(desk: HostileHelpDesk, payload: dict[str, Any]) -> None:
    assert desk.export(payload).status == "completed"


def json_text(value: object) -> str:
    try:
        return json.dumps(value, default=str, skipkeys=True)
    except ValueError:
        return '{"columns":1' + "0" * 5000 + "}"


def test_number_that_is_too_long_to_write(desk: HostileHelpDesk) -> None:
    for payload in ({**ALL, "filters": [{"field": "id", "operator": "eq", "value": 10**5000}]}, json_text(10**5000)):
        with pytest.raises(InvalidPayloadError):
            desk.export(payload)


@given(text=any_text | junk.map(json_text))
def test_any_text(desk: HostileHelpDesk, text: str) -> None:
    claim_answer_or_one_error(desk, text)


@given(name=any_text, place=st.sampled_from(["columns", "sortField", "filters", "scope", "timeZone", "sortDirection"]))
def test_name_that_the_catalog_lacks_never_reaches_the_database(desk: HostileHelpDesk, name: str, place: str) -> None:
    assume(name.lower() not in {each.lower() for each in NAMES})
    assume(name.lower() not in {"asc", "desc", "ascending", "descending", "utc"})
    values: dict[str, object] = {
        "columns": ["id", name],
        "filters": [{"field": name, "operator": "eq", "value": "1"}],
        "scope": {"teamId": name},
    }
    with desk.statements() as sent:
        try:
            desk.export({"columns": ["id"], place: values.get(place, name)})
        except InvalidPayloadError:
            assert sent == []
        else:
            raise AssertionError(f"{name!a} was taken for a {place}")


def sent_for(desk: HostileHelpDesk, view: dict[str, Any]) -> list[str] | None:
    """The text of the count and of the query, or None if the view is refused."""
    with desk.statements() as sent:
        try:
            job = desk.export(view)
        except InvalidPayloadError:
            return None
    assert (job.status, len(sent)) == ("completed", 2)
    return sent


@st.composite
def filters_twice(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, str]]:
    """A valid filter, and the same with a hostile value."""
    benign = draw(filters(COLUMNS))
    hostile = dict(benign)
    if Operator(benign["operator"]).takes_many_values:
        members = draw(st.lists(any_text.filter(bool), min_size=2, max_size=2))
        hostile["value"] = json.dumps(members)
        benign["value"] = json.dumps(benign["value"].split(",")[:1] * 2)
    elif "value" in benign:
        hostile["value"] = draw(any_text)
    return benign, hostile


@given(pair=filters_twice())
def test_filter_value_is_only_ever_a_parameter(
    desk: HostileHelpDesk, pair: tuple[dict[str, str], dict[str, str]]
) -> None:
    benign, hostile = ({"columns": ["id", "title"], "filters": [each]} for each in pair)
    expected, sent = sent_for(desk, benign), sent_for(desk, hostile)
    assert expected is not None
    assert sent in (None, expected)
    desk.claim_data_unchanged()


def test_every_text_operator_takes_sql_as_plain_text(desk: HostileHelpDesk) -> None:
    text_operators = [operator for operator in OPERATORS[COLUMNS[1].kind] if not operator.takes_no_value]
    for operator in text_operators:
        for value in ('\'; DROP TABLE "Tickets"; --', "' OR '1'='1", "%", "_", "\\", "?", ":x", "%(x)s", '"'):
            texts = [json.dumps([each]) if operator.takes_many_values else each for each in ("a", value)]
            made = [{"field": "title", "operator": operator.value, "value": text} for text in texts]
            expected, sent = (sent_for(desk, {"columns": ["id"], "filters": [each]}) for each in made)
            assert sent is not None
            assert sent == expected
    desk.claim_data_unchanged()


@given(term=any_text)
def test_search_term_is_only_ever_a_parameter(desk: HostileHelpDesk, term: str) -> None:
    assume(term and not term.isspace())
    expected, sent = (sent_for(desk, {**ALL, "searchTerm": each}) for each in ("a", term))
    assert expected is not None
    assert sent in (None, expected)
    storable = "\x00" not in term and not any("\ud800" <= char <= "\udfff" for char in term)
    assert (sent is not None) is storable
    desk.claim_data_unchanged()


def test_percent_and_underscore_mean_themselves(desk: HostileHelpDesk) -> None:
    rows = {term: desk.export({"columns": ["description"], "searchTerm": term}).row_count for term in "%_\\ab"}
    # The one ticket that holds them was deleted before the request.
    assert set(rows.values()) == {0}
    found = {term: desk.export({"columns": ["title"], "searchTerm": term}).row_count for term in ("a", "%", "_", "'")}
    assert found == {"a": 1, "%": 0, "_": 0, "'": 0}
