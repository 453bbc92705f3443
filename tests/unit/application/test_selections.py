"""A view may name a list of tickets, which the ticket source knows; anything else is a mistake of the view."""

from __future__ import annotations

import json

import pytest

from ticket_export.application.view.read_view import read_view
from ticket_export.application.view.view_summary import summarize_view
from ticket_export.errors import ConfigurationError, InvalidPayloadError
from ticket_export.testing.tickets.stored_tickets import TICKET_COLUMNS

VIEW = {"columns": ["id"], "selection": "list 1"}


def accept(_selection: str) -> None:
    """Accept every selection."""


def refuse(_selection: str) -> None:
    raise ValueError("there is no such list")


def fail(_selection: str) -> None:
    raise ConfigurationError("the function of the host failed")


def test_selection_is_kept_and_stored() -> None:
    view = read_view(VIEW, TICKET_COLUMNS, selections=accept)
    assert view.selection == "list 1"
    assert json.loads(view.to_json())["selection"] == "list 1"


@pytest.mark.parametrize("selection", [None, ...])
def test_view_without_one_is_stored_as_before(selection: object) -> None:
    view = {"columns": ["id"]} if selection is ... else {"columns": ["id"], "selection": selection}
    assert "selection" not in json.loads(read_view(view, TICKET_COLUMNS).to_json())


@pytest.mark.parametrize(("selections", "why"), [(None, "these tickets have no selections"), (refuse, "no such list")])
def test_selection_that_is_none_is_one_problem_of_the_view(selections: object, why: str) -> None:
    with pytest.raises(InvalidPayloadError) as caught:
        read_view({**VIEW, "columns": ["nothing"]}, TICKET_COLUMNS, selections=selections)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 2
    assert caught.value.problems[1].startswith("selection: ")
    assert why in caught.value.problems[1]


def test_function_of_the_host_that_fails_is_no_mistake_of_the_view() -> None:
    with pytest.raises(ConfigurationError, match="of the host failed"):
        read_view(VIEW, TICKET_COLUMNS, selections=fail)


def test_selection_has_65_536_characters() -> None:
    longest = "x" * 65_536
    assert read_view({**VIEW, "selection": longest}, TICKET_COLUMNS, selections=accept).selection == longest
    with pytest.raises(InvalidPayloadError, match="selection: may hold at most 65,536 characters, not 65,537"):
        read_view({**VIEW, "selection": longest + "x"}, TICKET_COLUMNS, selections=accept)


@pytest.mark.parametrize("selection", ["", 7, ["list 1"], "nul \x00", {}])
def test_selection_is_a_text_that_can_be_stored(selection: object) -> None:
    with pytest.raises(InvalidPayloadError, match="selection: "):
        read_view({**VIEW, "selection": selection})


def test_summary_names_the_selection() -> None:
    assert summarize_view(read_view(VIEW).to_json()) == "columns id; selection 'list 1'"
