"""The view that a user was looking at when they asked for the export.

The models are the owner's (`ExportSnapshotPayload`, `ExportFilter`, `ExportScope`) plus `time_zone`.
Validated with the ticket source's columns as context, they also refuse what those columns cannot
answer; without it they only check their own shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import PydanticCustomError

from ticket_export.application.safe_text import listed, quoted, require_storable
from ticket_export.application.view.filter_conditions import check_filter
from ticket_export.application.view.filter_operators import OPERATORS, Operator, find_operator
from ticket_export.application.view.limits import MAX_COLUMNS, MAX_FILTERS, MAX_JSON, MAX_SEARCH, MAX_VALUE, MAX_VALUES
from ticket_export.application.view.payload_model import (
    LateText,
    Location,
    PayloadModel,
    message_of,
    problem,
    raise_problems,
    shown,
)
from ticket_export.application.view.ticket_column import ScopeRole
from ticket_export.application.view.view_columns import (
    check_scope,
    columns_of,
    filtered_column,
    find_able,
    unknown_column,
)

_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_LIST_OPERATORS = tuple(operator for operator in Operator if operator.takes_many_values)
_DIRECTIONS = {"asc": "asc", "ascending": "asc", "desc": "desc", "descending": "desc"}


def _storable(text: str) -> str:
    try:
        require_storable(text)
    except ValueError as error:
        raise problem(str(error)) from None
    return text


def _listed(value: object) -> Sequence[object]:
    # pydantic would take any iterable, one without an end too.
    if not isinstance(value, (list, tuple)):
        raise problem(f"must be a list, not {shown(value)}")
    return value


_Text = Annotated[str, AfterValidator(_storable)]


class ExportFilter(PayloadModel):
    """One restriction; all filters of a view must hold.

    `value` is text, as the seed has it. A number or a UUID is taken too and kept as text, and a list,
    where the operator compares with several values, as its JSON text. One value has at most 10,000 characters.
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
            raise problem(f"{quoted(name)} is not an operator of the {column.kind} column {column.name}; use {known}")
        return operator.value

    @field_validator("value", mode="before")
    @classmethod
    def _value_is_text(cls, value: object, info: ValidationInfo) -> object:
        operator = info.data.get("operator")
        takes_list = operator is None or operator.lower() in _LIST_OPERATORS
        if isinstance(value, (list, tuple)):
            if not takes_list:
                raise problem(f"only {' and '.join(_LIST_OPERATORS)} take a list")
            if len(value) > MAX_VALUES:
                raise problem(f"holds {len(value):,} values; at most {MAX_VALUES} are allowed")
            return _json_list(value)
        if isinstance(value, (str, bytes)):
            # A text may be a list too; its members are counted and measured where it is split.
            _require_length(value, MAX_JSON if takes_list else MAX_VALUE)
            return value
        if isinstance(value, UUID):
            return str(value)
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


def _identifier(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise problem(f"must be text or a number, not {shown(value)}")
    if not isinstance(value, str):
        _json_text(value)
        return value
    if not value:
        raise problem("must not be empty; to leave it out, use null")
    _require_length(value, MAX_VALUE)
    return _storable(value)


# As it is in JSON; the type of the column that it is compared with reads it.
_Identifier = Annotated[str | int | float | UUID, BeforeValidator(_identifier)]


class ExportScope(PayloadModel):
    """The team or assignee whose tickets the view shows, by the identifiers of the host: text or number."""

    team_id: _Identifier | None = None
    assigned_to_user_id: _Identifier | None = None

    @field_validator("team_id")
    @classmethod
    def _teams_exist(cls, team_id: _Identifier | None, info: ValidationInfo) -> _Identifier | None:
        check_scope(team_id, ScopeRole.TEAM, info)
        return team_id

    @field_validator("assigned_to_user_id")
    @classmethod
    def _assignees_exist(cls, user_id: _Identifier | None, info: ValidationInfo) -> _Identifier | None:
        check_scope(user_id, ScopeRole.ASSIGNEE, info)
        return user_id


class ExportSnapshotPayload(PayloadModel):
    """The captured view: what is selected, in which order, and which columns are shown.

    `sort_direction` is ``asc`` or ``desc``; `time_zone` is an IANA name, the zone in which times are
    shown and a filter's days begin and end (UTC when None). `view_id` is any value of JSON, kept and without effect.
    """

    # First, since the search looks only at the columns chosen here.
    columns: tuple[_Text, ...] = Field(validate_default=True, default=())
    view_id: object = None
    filters: Annotated[tuple[ExportFilter, ...], Field(max_length=MAX_FILTERS), BeforeValidator(_listed)] = ()
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
        problems: list[tuple[Location, str | LateText]] = []
        catalog = columns_of(info)
        given = _listed(value)
        most = MAX_COLUMNS if catalog is None else len(catalog)
        if len(given) > most:
            problems.append(((), f"may hold at most {most:,}, not {len(given):,}"))
            given = given[:most]
        named: Iterable[tuple[int, str]]
        try:
            named = enumerate(handler(given))
        except ValidationError as error:
            problems += [(each["loc"], message_of(each)) for each in error.errors(include_url=False)]
            refused = {location[0] for location, _ in problems if location}
            named = [
                (index, name) for index, name in enumerate(given) if isinstance(name, str) and index not in refused
            ]
        chosen: dict[str, str] = {}
        for index, name in named:
            spelled = name
            if catalog is not None:
                column = catalog.find(name)
                if column is None:
                    problems.append(((index,), unknown_column(name, catalog)))
                    continue
                spelled = column.name
            if spelled.lower() in chosen:
                problems.append(((index,), f"column {quoted(name)} is chosen twice"))
            chosen[spelled.lower()] = spelled
        if not chosen and not problems:
            problems.append(((), "choose at least one column"))
        raise_problems(problems)
        return tuple(chosen.values())

    @field_validator("view_id", mode="before")
    @classmethod
    def _view_id_is_json(cls, value: object) -> object:
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=_json_uuid)
        except (ValueError, TypeError, RecursionError):
            raise problem("must be a value of JSON") from None
        _require_length(text, MAX_VALUE)
        # So that every database can keep it.
        _storable("\x00" if _ESCAPED_NUL.search(text) else text)
        kept: object = json.loads(text)
        return kept

    @field_validator("search_term", mode="before")
    @classmethod
    def _search_is_trimmed(cls, term: object) -> object:
        if not isinstance(term, str):
            return term
        # Measured first: what is longer than a payload has not been measured anywhere.
        _require_length(term, MAX_JSON)
        term = term.strip()
        _require_length(term, MAX_SEARCH)
        return term or None

    @field_validator("search_term")
    @classmethod
    def _search_can_find(cls, term: str | None, info: ValidationInfo) -> str | None:
        columns = columns_of(info)
        if term is not None and columns is not None and "columns" in info.data:
            chosen = [columns.find(name) for name in info.data["columns"]]
            if not any(column and column.searchable for column in chosen):
                searchable = listed(column.name for column in columns if column.searchable)
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
            raise problem(f"{quoted(direction)} is not a sort direction; use asc or desc")
        return _DIRECTIONS[direction.lower()]

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        if name is not None and name not in _zone_names():
            raise problem(f"{quoted(name)} is not an IANA time zone; use a name such as Europe/Berlin")
        return name


@cache
def _zone_names() -> frozenset[str]:
    # Reading the zone directory takes milliseconds; it does not change while a process lives.
    # "localtime" is whatever this machine is set to: the same view would give other bytes elsewhere.
    return frozenset(available_timezones()) - {"localtime"}


def _require_length(text: str | bytes, most: int) -> None:
    if len(text) > most:
        raise problem(f"may hold at most {most:,} characters, not {len(text):,}")


def _json_list(values: Sequence[object]) -> str:
    kinds = {type(value) for value in values}
    if not all(issubclass(kind, (str, int, float, UUID)) and kind is not bool for kind in kinds):
        raise _not_a_value()
    _require_length(max((value for value in values if isinstance(value, str)), key=len, default=""), MAX_VALUE)
    return _json_text(values)


def _json_text(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=_json_uuid)
    except (ValueError, TypeError):
        raise _not_a_value() from None


def _not_a_value() -> PydanticCustomError:
    return problem("a value must be text, a number, or a list of these")


def _json_uuid(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError
