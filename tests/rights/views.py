"""The columns with their rules, random views on them, and what a naive program makes of a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from tests.rights.desk import CASES, OPENED, TEAMS, Case, Person, team_of
from tests.rights.rules import RowPolicy, a_row_policy
from ticket_export import SystemPermissions
from ticket_export.catalog import (
    ScopeRole,
    TicketCatalog,
    choice_column,
    date_column,
    id_column,
    number_column,
    text_column,
)

STATES: Final = ("new", "open", "done")


def _raising(_actor: Any) -> bool:
    raise ZeroDivisionError("90000017 is a salary")


#: Rules over columns, as a host writes them and as the oracle understands them; None is a mistake of the host.
COLUMN_RULES: Final[Mapping[str, tuple[Callable[[Any], Any] | None, Callable[[Person], bool | None]]]] = {
    "everybody": (None, lambda _: True),
    "administrators": (lambda actor: actor.is_admin, lambda person: person.is_admin),
    "human resources": (lambda actor: actor.attributes["hr"], lambda person: person.is_hr),
    "managers of users": (
        lambda actor: SystemPermissions.MANAGE_USERS in actor.permissions,
        lambda person: SystemPermissions.MANAGE_USERS in person.permissions,
    ),
    "nobody": (lambda _: False, lambda _: False),
    "by None": (lambda _: None, lambda _: None),
    "by a number": (lambda _: 1, lambda _: None),
    "by an error": (_raising, lambda _: None),
}
_RULED_BY: Final = ("administrators", "human resources", "managers of users", "nobody")
_WRONG: Final = ("by None", "by a number", "by an error")

#: Every column: its label and its cell as the file shows it. Names that a message must not tell have no other meaning.
CELLS: Final[Mapping[str, tuple[str, Callable[[Case], str]]]] = {
    "number": ("Number", lambda case: str(case.number)),
    "title": ("Subject", lambda case: case.title),
    "zqNote": ("Zqlabel Note", lambda case: case.note or ""),
    "zqSalary": ("Zqlabel Salary", lambda case: str(case.salary)),
    "zqState": ("Zqlabel State", lambda case: case.state or ""),
    "zqTeam": ("Zqlabel Team", lambda case: "" if case.team_id is None else str(case.team_id)),
    "zqTeamName": ("Zqlabel Team Name", lambda case: team.name if (team := team_of(case)) else ""),
    "zqOwner": ("Zqlabel Owner", lambda case: "" if case.owner_id is None else str(case.owner_id)),
    "openedAt": ("Opened", lambda _: OPENED.strftime("%Y-%m-%d %H:%M:%S")),
}
RULED: Final = tuple(name for name in CELLS if name.startswith("zq"))
SEARCHABLE: Final = ("title", "zqNote", "zqSalary", "zqState", "zqTeamName")


@attrs.frozen
class Policy:
    """The rules of one catalog: over rows, and by name over some columns."""

    rows: RowPolicy
    columns: tuple[tuple[str, str], ...]

    def catalog(self) -> TicketCatalog:
        """Return the catalog, as a host would write it."""
        rules = {name: COLUMN_RULES[rule][0] for name, rule in self.columns if COLUMN_RULES[rule][0] is not None}

        def rule_of(name: str) -> Any:
            return {"visible_to": rules[name]} if name in rules else {}

        def labelled(name: str) -> tuple[str, str]:
            return name, CELLS[name][0]

        c = CASES.c
        return TicketCatalog(
            tables=CASES.outerjoin(TEAMS, TEAMS.c.id == c.team_id),
            id=c.number,
            created_at=c.opened_at,
            visible_to=self.rows.visible_to,
            columns=(
                number_column(*labelled("number"), c.number),
                text_column(*labelled("title"), c.title, searchable=True),
                text_column(*labelled("zqNote"), c.note, searchable=True, **rule_of("zqNote")),
                number_column(*labelled("zqSalary"), c.salary, searchable=True, **rule_of("zqSalary")),
                choice_column(*labelled("zqState"), c.state, choices=STATES, searchable=True, **rule_of("zqState")),
                id_column(*labelled("zqTeam"), c.team_id, scope_role=ScopeRole.TEAM, **rule_of("zqTeam")),
                text_column(*labelled("zqTeamName"), TEAMS.c.name, searchable=True, **rule_of("zqTeamName")),
                id_column(*labelled("zqOwner"), c.owner_id, scope_role=ScopeRole.ASSIGNEE, **rule_of("zqOwner")),
                date_column(*labelled("openedAt"), c.opened_at),
            ),
        )

    def visible_columns(self, person: Person) -> frozenset[str] | None:
        """Return the names of the columns that the person may see; None where a rule is a mistake."""
        found = {name: COLUMN_RULES[rule][1](person) for name, rule in self.columns}
        if None in found.values():
            return None
        return frozenset(name for name in CELLS if found.get(name, True))

    def is_complete(self, person: Person) -> bool:
        """Whether the person may see everything."""
        return self.rows.is_everything(person) and self.visible_columns(person) == frozenset(CELLS)


def a_policy(chance: Random) -> Policy:
    """Return a policy over rows and columns. Two of five have no rule over columns, and one of 25 has a wrong one."""

    def rule() -> str:
        return chance.choice(_RULED_BY) if is_ruled and chance.random() < 0.4 else "everybody"

    is_ruled = chance.random() < 0.6
    rows, columns = a_row_policy(chance), [(name, rule()) for name in RULED]
    if chance.random() < 0.04:
        columns[1] = (columns[1][0], chance.choice(_WRONG))
    return Policy(rows, tuple(columns))


#: Made from a seed: of policies that Hypothesis makes from parts, two of three are repeated.
POLICIES: Final = st.randoms(use_true_random=True).map(a_policy)


@attrs.frozen(kw_only=True)
class View:
    """A view, in the few words that the oracle understands."""

    columns: tuple[str, ...]
    filters: tuple[tuple[str, str, str | None], ...] = ()
    search: str | None = None
    sort: tuple[str, str] | None = None
    team: int | None = None
    owner: str | None = None

    def payload(self) -> dict[str, object]:
        """Return the view as a host sends it."""
        payload: dict[str, object] = {"columns": list(self.columns)}
        if self.filters:
            payload["filters"] = [
                {"field": field, "operator": operator} | ({} if value is None else {"value": value})
                for field, operator, value in self.filters
            ]
        if self.search:
            payload["searchTerm"] = self.search
        if self.sort:
            payload |= {"sortField": self.sort[0], "sortDirection": self.sort[1]}
        scope = {"teamId": self.team, "assignedToUserId": self.owner}
        if any(value is not None for value in scope.values()):
            payload["scope"] = {key: value for key, value in scope.items() if value is not None}
        return payload

    @property
    def named(self) -> frozenset[str]:
        """The columns that the view names."""
        return (
            frozenset(self.columns) | {field for field, *_ in self.filters} | ({self.sort[0]} if self.sort else set())
        )

    @property
    def needed(self) -> frozenset[str]:
        """The columns without which the view is refused."""
        scope = {"zqTeam": self.team, "zqOwner": self.owner}
        return self.named | {name for name, value in scope.items() if value is not None}

    @property
    def searches_nothing(self) -> bool:
        """Whether no column of the view can be searched, for which the library refuses a search."""
        return self.search is not None and not set(self.columns) & set(SEARCHABLE)

    def holds(self, case: Case) -> bool:
        """Whether the view's filters, search and scope let the case through."""
        return (
            all(_meets(CELLS[field][1](case), operator, value) for field, operator, value in self.filters)
            and self._is_found(case)
            and (self.team is None or case.team_id == self.team)
            and (self.owner is None or str(case.owner_id) == self.owner)
        )

    def _is_found(self, case: Case) -> bool:
        searched = [name for name in self.columns if name in SEARCHABLE]
        return self.search is None or any(self.search.lower() in CELLS[name][1](case).lower() for name in searched)


def _meets(cell: str, operator: str, value: str | None) -> bool:
    match operator:
        case "is_empty":
            return not cell
        case "is_not_empty":
            return bool(cell)
        case "contains":
            return str(value).lower() in cell.lower()
        case "gt":
            return bool(cell) and int(cell) > int(str(value))
    raise AssertionError(operator)


_FILTERS: Final = (
    *(
        (name, operator, None)
        for name in ("zqNote", "zqState", "zqTeamName")
        for operator in ("is_empty", "is_not_empty")
    ),
    *(("title", "contains", needle) for needle in ("printer", "SCREEN", "title001")),
    *(("zqNote", "contains", needle) for needle in ("note", "note002")),
    *(("zqSalary", "gt", number) for number in ("90000020", "90000055")),
    ("number", "gt", "3"),
)
VIEWS: Final[st.SearchStrategy[View]] = st.builds(
    View,
    columns=st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=6, unique=True).map(tuple)
    | st.lists(st.sampled_from(["number", "title", "openedAt"]), min_size=1, unique=True).map(tuple),
    filters=st.just(()) | st.lists(st.sampled_from(_FILTERS), max_size=2).map(tuple),
    search=st.sampled_from([*(None,) * 9, "printer", "note00", "0003", "team", "open"]),
    sort=st.none() | st.tuples(st.sampled_from(sorted(CELLS)), st.sampled_from(["asc", "desc"])),
    team=st.sampled_from([*(None,) * 8, 1, 3]),
    owner=st.sampled_from([*(None,) * 8, "00000000-0000-0000-0000-00000000000a"]),
)
