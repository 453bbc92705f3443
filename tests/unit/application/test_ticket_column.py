from __future__ import annotations

import attrs
import pytest

from tests.unit.application.columns import ASSIGNEE, COLUMNS, EXTERNAL, ID, TEAM, TITLE
from ticket_export.application.view.ticket_column import ColumnKind, IdType, ScopeRole, TicketColumn, TicketColumns


@pytest.mark.parametrize("name", ["owningTeamId", "OwningTeamId", "OWNINGTEAMID", "owningteamid"])
def test_a_column_is_found_in_any_letter_case(name: str) -> None:
    assert COLUMNS.find(name) is TEAM


@pytest.mark.parametrize("name", ["", "owning_team_id", "title ", "\ud800"])
def test_another_name_finds_nothing(name: str) -> None:
    assert COLUMNS.find(name) is None


def test_columns_keep_their_order() -> None:
    assert list(TicketColumns([TITLE, ID, TEAM])) == [TITLE, ID, TEAM]
    assert len(TicketColumns([TITLE, ID])) == 2


@pytest.mark.parametrize("second", [TITLE, attrs.evolve(ID, name="TITLE")], ids=["the same", "another"])
def test_two_columns_of_one_name_are_refused(second: TicketColumn) -> None:
    with pytest.raises(ValueError, match=f"two columns are named '{second.name}'"):
        TicketColumns([TITLE, ID, second])


def test_a_scope_finds_its_column() -> None:
    assert COLUMNS.find_scope(ScopeRole.TEAM) is TEAM
    assert COLUMNS.find_scope(ScopeRole.ASSIGNEE) is ASSIGNEE
    assert TicketColumns([TITLE, TEAM]).find_scope(ScopeRole.ASSIGNEE) is None


@pytest.mark.parametrize(
    ("kind", "id_type", "is_text"),
    [
        (ColumnKind.TEXT, IdType.TEXT, True),
        (ColumnKind.CHOICE, IdType.TEXT, True),
        (ColumnKind.ID, IdType.TEXT, True),
        (ColumnKind.ID, IdType.UUID, False),
        (ColumnKind.ID, IdType.INTEGER, False),
        (ColumnKind.NUMBER, IdType.TEXT, False),
        (ColumnKind.DATE, IdType.TEXT, False),
        (ColumnKind.DAY, IdType.TEXT, False),
        (ColumnKind.BOOLEAN, IdType.TEXT, False),
    ],
)
def test_only_what_somebody_typed_is_text(kind: ColumnKind, id_type: IdType, is_text: bool) -> None:
    assert attrs.evolve(EXTERNAL, kind=kind, id_type=id_type).is_text is is_text
