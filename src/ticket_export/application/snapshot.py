"""The view that a user was looking at when they asked for the export.

The models are the owner's (`ExportSnapshotPayload`, `ExportFilter`, `ExportScope`) plus `time_zone`.
Validated with the ticket source's columns as context, they also refuse what those columns cannot
answer; without it they only check their own shape.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from ticket_export.application.filter_conditions import check_filter
from ticket_export.application.filter_operators import OPERATORS, Operator, find_operator
from ticket_export.application.payload_model import (
    Location,
    PayloadModel,
    message_of,
    problem,
    raise_problems,
)
from ticket_export.application.safe_text import quoted, require_storable
from ticket_export.application.ticket_column import ScopeRole
from ticket_export.application.view_columns import (
    check_scope,
    columns_of,
    filtered_column,
    find_able,
    spelled_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

#: More filters than a person reads; keeps the query inside every database's limits.
MAX_FILTERS = 50
_LIST_OPERATORS = tuple(operator for operator in Operator if operator.takes_many_values)
_DIRECTIONS = {"asc": "asc", "ascending": "asc", "desc": "desc", "descending": "desc"}


def _storable(text: str) -> str:
    try:
        require_storable(text)
    except ValueError as error:
        raise problem(str(error)) from None
    return text


_Text = Annotated[str, AfterValidator(_storable)]


class ExportFilter(PayloadModel):
    """One restriction; all filters of a view must hold.

    `value` is text, as the seed has it. A number or a UUID is taken too and kept as text, and a list,
    where the operator compares with several values, as its JSON text.
    """

    field: _Text
    operator: _Text
    value: Annotated[_Text | None, Field(validate_default=True)] = None

    @field_validator("field")
    @classmethod
    def _field_is_filterable(cls, name: str, info: ValidationInfo) -> str:
        columns = columns_of(info)
        return name if columns is None else find_able(columns, name, "filterable").name

    @field_validator("operator")
    @classmethod
    def _operator_fits(cls, name: str, info: ValidationInfo) -> str:
        column = filtered_column(info)
        if column is None:
            return name
        operator = find_operator(name, column.kind)
        if operator is None:
            known = ", ".join(OPERATORS[column.kind])
            raise problem(f"{quoted(name)} is no operator of the {column.kind} column {column.name}; use {known}")
        return operator.value

    @field_validator("value", mode="before")
    @classmethod
    def _value_is_text(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, UUID):
            return str(value)
        if isinstance(value, (list, tuple)):
            operator = info.data.get("operator")
            if operator is not None and operator.lower() not in _LIST_OPERATORS:
                raise problem(f"only {' and '.join(_LIST_OPERATORS)} take a list")
            return _json_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _json_text(value)
        return value

    @field_validator("value")
    @classmethod
    def _value_fits(cls, value: str | None, info: ValidationInfo) -> str | None:
        column = filtered_column(info)
        if column is not None and "operator" in info.data:
            try:
                check_filter(column, Operator(info.data["operator"]), value)
            except ValueError as error:
                raise problem(str(error)) from None
        return value


class ExportScope(PayloadModel):
    """The team or assignee whose tickets the view shows."""

    team_id: UUID | None = None
    assigned_to_user_id: UUID | None = None

    @field_validator("team_id")
    @classmethod
    def _teams_exist(cls, team_id: UUID | None, info: ValidationInfo) -> UUID | None:
        return check_scope(team_id, ScopeRole.TEAM, info)

    @field_validator("assigned_to_user_id")
    @classmethod
    def _assignees_exist(cls, user_id: UUID | None, info: ValidationInfo) -> UUID | None:
        return check_scope(user_id, ScopeRole.ASSIGNEE, info)


class ExportSnapshotPayload(PayloadModel):
    """The captured view: what is selected, in which order, and which columns are shown.

    `sort_direction` is ``asc`` or ``desc``; `time_zone` is an IANA name, the zone in which times are
    shown and a filter's days begin and end (UTC when None).
    """

    # First, since the search looks only at the columns chosen here.
    columns: tuple[_Text, ...] = Field(validate_default=True, default=())
    view_id: UUID | None = None
    filters: Annotated[tuple[ExportFilter, ...], Field(max_length=MAX_FILTERS)] = ()
    search_term: _Text | None = None
    sort_field: _Text | None = None
    sort_direction: str | None = None
    scope: ExportScope | None = None
    time_zone: str | None = None

    def to_json(self) -> str:
        """The payload as it is stored: camelCase JSON."""
        return self.model_dump_json()

    @field_validator("columns", mode="wrap")
    @classmethod
    def _columns_are_known_once(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> tuple[str, ...]:
        problems: list[tuple[Location, str]] = []
        named: Iterable[tuple[int, str]]
        try:
            named = enumerate(handler(value))
        except ValidationError as error:
            problems += [(each["loc"], message_of(each)) for each in error.errors(include_url=False)]
            refused = {location[0] for location, _ in problems if location}
            listed = enumerate(value if isinstance(value, (list, tuple)) else ())
            named = [(index, name) for index, name in listed if isinstance(name, str) and index not in refused]
        chosen: dict[str, str] = {}
        for index, name in named:
            try:
                spelled = spelled_name(name, columns_of(info))
            except ValueError as error:
                problems.append(((index,), str(error)))
                continue
            if spelled.lower() in chosen:
                problems.append(((index,), f"column {quoted(name)} is chosen twice"))
            chosen[spelled.lower()] = spelled
        if not chosen and not problems:
            problems.append(((), "choose at least one column"))
        raise_problems(problems)
        return tuple(chosen.values())

    @field_validator("search_term")
    @classmethod
    def _search_can_find(cls, term: str | None, info: ValidationInfo) -> str | None:
        if not term or term.isspace():
            return None
        columns = columns_of(info)
        if columns is not None and "columns" in info.data:
            chosen = [columns.find(name) for name in info.data["columns"]]
            if not any(column and column.searchable for column in chosen):
                searchable = ", ".join(column.name for column in columns if column.searchable)
                raise problem(f"none of the chosen columns can be searched; searchable are {searchable or 'none'}")
        return term

    @field_validator("sort_field")
    @classmethod
    def _sort_is_possible(cls, name: str | None, info: ValidationInfo) -> str | None:
        columns = columns_of(info)
        return name if columns is None or name is None else find_able(columns, name, "sortable").name

    @field_validator("sort_direction")
    @classmethod
    def _direction_is_known(cls, direction: str | None) -> str | None:
        if direction is None:
            return None
        if direction.lower() not in _DIRECTIONS:
            raise problem(f"{quoted(direction)} is no direction; use asc or desc")
        return _DIRECTIONS[direction.lower()]

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        if name is not None and name not in _zone_names():
            raise problem(f"{quoted(name)} is no IANA time zone; use a name such as Europe/Berlin")
        return name


@cache
def _zone_names() -> frozenset[str]:
    # Reading the zone directory takes milliseconds; it does not change while a process lives.
    # "localtime" is whatever this machine is set to: the same view would give other bytes elsewhere.
    return frozenset(available_timezones()) - {"localtime"}


def _json_text(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False, default=_json_uuid)
    except (ValueError, TypeError, RecursionError):
        raise problem("a value must be text, a number, or a list of these") from None


def _json_uuid(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError
