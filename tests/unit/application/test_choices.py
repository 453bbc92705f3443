from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text

from ticket_export import Actor, ConfigurationError, SystemPermissions
from ticket_export.application.view.choices import MAX_CHOICES, Choice, choices_of
from ticket_export.application.view.filter_values import parse_choices
from ticket_export.catalog import EVERY_ROW, TicketCatalog, choice_column, text_column
from ticket_export.ports import ColumnKind, TicketColumn

CASES = Table(
    "cases",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("opened", DateTime),
    Column("state", Text),
)
ACTOR = Actor(user_id=1, is_admin=True, permissions=SystemPermissions(0))


def column(choices: Any) -> TicketColumn:
    return TicketColumn(name="state", label="State", kind=ColumnKind.CHOICE, choices=choices)


def test_text_is_its_own_label_and_a_mapping_has_labels() -> None:
    assert column(("new", "done")).choices == (Choice("new", "new"), Choice("done", "done"))
    assert column({"new": "Neu", "done": "done"}).choices == (Choice("new", "Neu"), Choice("done", "done"))
    assert column(iter([Choice("new", "Neu")])).choices == (Choice("new", "Neu"),)
    assert dict(column({"new": "Neu", "done": "done"}).labels) == {"new": "Neu"}
    assert dict(column(("new", "done")).ranks) == {"new": 0, "done": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("open", "choices are several texts, not the text 'open'"),
        (("a", ""), "the choice is empty"),
        (("a", " "), "the choice is empty"),
        (("a", "a"), "two choices have the value 'a'"),
        ((1, 2), "the choice is int, not a text; write it as a text, '1'"),
        ({1: "One"}, "the choice is int, not a text; write it as a text, '1'"),
        ({"a": ""}, "the label of the choice 'a' is empty"),
        ({"a": None}, "the label of the choice 'a' is NoneType, not a text"),
        ({"a": "x\x00"}, "the label of the choice 'a' holds a NUL character"),
        ({"a": "Same", "b": "sAME"}, "the choices 'a' and 'b' have the same label"),
        ({"a": "B", "b": "c"}, "the label of the choice 'a' is the value of another one, 'b'"),
        ({"a": "b", "b": "a"}, "the label of the choice 'a' is the value of another one, 'b'"),
        ({"B": "b", "b": "A"}, "the label of the choice 'B' is the value of another one, 'b'"),
        ([str(number) for number in range(MAX_CHOICES + 1)], "there are 1,001 choices; at most 1,000 are allowed"),
    ],
)
def test_choices_that_are_not_clear_texts_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choices_of(given)
    with pytest.raises(ConfigurationError, match=f"the choice column 'state': {message}"):
        choice_column("state", "State", CASES.c.state, choices=given)


def test_values_may_differ_in_their_letter_case_alone() -> None:
    both = column({"OPEN": "OPEN", "open": "open"})
    assert parse_choices(("OPEN", "open"), both) == ("OPEN", "open")
    assert parse_choices(("b", "B"), column({"b": "B"})) == ("b", "b")


@pytest.mark.parametrize("spelling", ["in_progress", "IN_Progress", "In progress", " in PROGRESS "])
def test_filter_takes_value_or_label_in_any_letter_case(spelling: str) -> None:
    assert parse_choices((spelling,), column({"new": "New", "in_progress": "In progress"})) == ("in_progress",)


def test_refused_filter_lists_the_labels() -> None:
    with pytest.raises(ValueError, match="'done' is not one of Neu, In Arbeit"):
        parse_choices(("done",), column({"new": "Neu", "wip": "In Arbeit"}))


@given(
    st.dictionaries(st.text("abAB İß", min_size=1), st.text("abcAB İß", min_size=1), max_size=5).filter(
        lambda given: all(text.strip() for each in given.items() for text in each)
    )
)
def test_each_value_and_each_label_means_its_own_choice(given: dict[str, str]) -> None:
    try:
        made = column(given)
    except ValueError:
        return
    for value, label in given.items():
        for text in (value, label):
            if text == text.strip():
                assert parse_choices((text,), made) == (value,)


def catalog(choices: Callable[[], Any], **rules: Any) -> TicketCatalog:
    columns = [
        text_column("id", "ID", CASES.c.id),
        choice_column("state", "State", CASES.c.state, choices=choices, **rules),
    ]
    return TicketCatalog(tables=CASES, id=CASES.c.id, created_at=CASES.c.opened, columns=columns, visible_to=EVERY_ROW)


def test_function_is_called_for_each_actor_and_not_when_the_catalog_is_made() -> None:
    calls: list[int] = []

    def choices() -> dict[str, str]:
        calls.append(1)
        return {"new": f"New {len(calls)}"}

    made = catalog(choices)
    assert calls == []
    for number in (1, 2):
        found = made.visible_to_actor(ACTOR).columns
        assert [dict(each.labels) for each in found] == [{}, {"new": f"New {number}"}]
        assert found.is_complete
    assert len(calls) == 2


def test_function_of_a_column_that_the_actor_may_not_see_is_not_called() -> None:
    made = catalog(lambda: pytest.fail("nobody sees it"), visible_to=lambda _actor: False)
    assert [each.name for each in made.visible_to_actor(ACTOR).columns] == ["id"]


def test_function_that_raises_is_a_mistake_of_the_configuration_whose_text_stays_in_the_cause() -> None:
    def choices() -> dict[str, str]:
        raise LookupError("password=tiger")

    made = catalog(choices)
    with pytest.raises(ConfigurationError) as caught:
        made.visible_to_actor(ACTOR)
    assert str(caught.value) == "ticket catalog: the function of the choices of 'state' raised LookupError"
    assert isinstance(caught.value.__cause__, LookupError)


@pytest.mark.parametrize("result", [None, 7, "open", {"a": None}, ["a", "a"], [1]])
def test_function_that_returns_something_else_is_a_mistake_of_the_configuration(result: Any) -> None:
    with pytest.raises(ConfigurationError, match="the choice column 'state'"):
        catalog(lambda: result).visible_to_actor(ACTOR)
