"""A rule of the host that does not clearly answer ends the request or the run, and its error tells no data."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.unit.application.columns import AS_OF, COLUMNS, ID, SCORE, STATUS, TEAM, TITLE
from ticket_export.application.actor import Actor
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.application.view.ticket_query import TicketQuery
from ticket_export.application.view.visibility import EVERY_ROW, ColumnRule, require_rule, visible_columns
from ticket_export.errors import ConfigurationError, StaleViewError

ACTOR = Actor(user_id=1, attributes={"team": 7})


class Truthy:
    """As NumPy's own booleans, SQL conditions and coroutines are."""

    def __bool__(self) -> bool:
        return True


def shown(*rules: tuple[TicketColumn, ColumnRule | None], sees_every_row: bool = True) -> tuple[list[str], bool]:
    columns = visible_columns(rules, ACTOR, sees_every_row=sees_every_row)
    return [column.name for column in columns], columns.is_complete


def test_column_is_shown_where_its_rule_says_so_or_where_it_has_none() -> None:
    assert shown((ID, None), (SCORE, lambda actor: actor.user_id == 1)) == (["id", "score"], True)
    assert shown((ID, None), (SCORE, lambda actor: actor.is_admin)) == (["id"], False)
    assert shown((ID, lambda _: False)) == ([], False)


def test_columns_are_not_complete_where_rows_are_hidden() -> None:
    assert shown((ID, None), sees_every_row=False) == (["id"], False)


@pytest.mark.parametrize(
    "answer", [None, 0, 1, "", "yes", (), Truthy()], ids=["None", "0", "1", "empty", "text", "tuple", "truthy"]
)
def test_rule_of_a_column_that_returns_no_bool_is_refused(answer: Any) -> None:
    message = rf"^the rule \(visible_to\) of the column 'score' returned {type(answer).__name__}; return True or False$"
    with pytest.raises(ConfigurationError, match=message):
        shown((ID, None), (SCORE, lambda _: answer))


def _fail(error: Exception) -> Any:
    raise error


@pytest.mark.parametrize("error", [ValueError("hunter2"), KeyError("hunter2"), StaleViewError("hunter2")], ids=repr)
def test_error_of_a_rule_is_the_cause_and_not_in_the_message(error: Exception) -> None:
    with pytest.raises(ConfigurationError) as refused:
        shown((SCORE, lambda _: _fail(error)))
    assert str(refused.value) == f"the rule (visible_to) of the column 'score' raised {type(error).__name__}"
    assert refused.value.__cause__ is error


def test_configuration_error_of_a_rule_says_itself_what_is_wrong() -> None:
    error = ConfigurationError("the directory has no teams")
    with pytest.raises(ConfigurationError) as refused:
        shown((SCORE, lambda _: _fail(error)))
    assert refused.value is error


def test_attribute_that_the_actor_lacks_is_named() -> None:
    with pytest.raises(ConfigurationError, match="needs the attribute 'tenant', which this actor lacks; set it"):
        shown((SCORE, lambda actor: actor.attributes["tenant"] == 1))
    assert ACTOR.attributes.get("tenant") is None
    assert "tenant" not in ACTOR.attributes
    assert shown((SCORE, lambda actor: actor.attributes["team"] == 7)) == (["score"], True)


def test_interruption_inside_a_rule_is_not_an_error_of_the_rule() -> None:
    def interrupted(_actor: Actor) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown((SCORE, interrupted))


@pytest.mark.parametrize("rule", [True, None, "EVERY_ROW", 1])
def test_what_is_no_function_is_no_rule(rule: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^x: visible_to must be a function of the actor or EVERY_ROW, not "):
        require_rule("x", rule, EVERY_ROW)
    require_rule("x", rule, EVERY_ROW, rule)
    require_rule("x", EVERY_ROW, EVERY_ROW)
    require_rule("x", lambda actor: actor.is_admin)


#: A part of a view, and the column that it uses.
USES: dict[str, tuple[dict[str, object], TicketColumn]] = {
    "columns": ({"columns": ["id", "score"]}, SCORE),
    "filters": ({"filters": [{"field": "status", "operator": "eq", "value": "new"}]}, STATUS),
    "search": ({"columns": ["id", "title"], "searchTerm": "x"}, TITLE),
    "sort": ({"sortField": "score"}, SCORE),
    "scope": ({"scope": {"teamId": "6f1c2b1e-8f0e-4a53-9a0e-2d7f0f3a9b11"}}, TEAM),
}


@pytest.mark.parametrize("use", USES)
def test_query_is_refused_if_any_part_of_it_uses_a_column_that_is_hidden(use: str) -> None:
    view, hidden = USES[use]
    query = TicketQuery.of({"columns": ["id"], **view}, COLUMNS, actor=ACTOR, as_of=AS_OF)
    query.require_columns(COLUMNS)
    rest = type(COLUMNS)(column for column in COLUMNS if column != hidden)
    with pytest.raises(StaleViewError, match=r"^The view names a column that its requester may not see\.$"):
        query.require_columns(rest)
    if use == "search":
        attrs.evolve(query, columns=(ID,), search=None).require_columns(rest)
