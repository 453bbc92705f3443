"""The view that a user saw when they requested the export.

The models are the owner's (`ExportSnapshotPayload`, `ExportFilter`, `ExportScope`) plus `time_zone` and `file`. With a
`ViewContext` they also refuse a view that does not fit the columns or the formats; without it they check only their own
shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
)

from ticket_export.application.safe_text import listed, quoted, require_storable
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.filter_conditions import check_filter
from ticket_export.application.view.filter_operators import OPERATORS, Operator, find_operator
from ticket_export.application.view.filter_values import parse_ids
from ticket_export.application.view.limits import (
    MAX_COLUMNS,
    MAX_FILTERS,
    MAX_JSON,
    MAX_SEARCH,
    MAX_SELECTION,
    MAX_VALUE,
    MAX_VALUES,
)
from ticket_export.application.view.payload_model import Location, PayloadModel, raise_problems, shown
from ticket_export.application.view.ticket_column import ScopeRole, TicketColumns
from ticket_export.application.view.view_columns import filtered_column, find_column
from ticket_export.application.view.view_context import columns_of, formats_of, require_selection

_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_NOT_A_VALUE = "a value must be text, a number, or a list of these"
_LIST_OPERATORS = tuple(operator for operator in Operator if operator.takes_many_values)
_DIRECTIONS = {"asc": "asc", "ascending": "asc", "desc": "desc", "descending": "desc"}


def _storable(text: str) -> str:
    require_storable(text)
    return text


def _listed(value: object) -> Sequence[object]:
    # pydantic takes any iterable, even one without an end.
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"must be a list, not {shown(value)}")
    return value


def _few_filters(value: object) -> Sequence[object]:
    given = _listed(value)
    # pydantic counts only valid members, and describes each of the others first.
    if len(given) > MAX_FILTERS:
        raise ValueError(f"may hold at most {MAX_FILTERS:,}, not {len(given):,}")
    return given


def _column_name(name: object, catalog: TicketColumns | None) -> str:
    if not isinstance(name, str):
        raise ValueError(f"must be text, not {shown(name)}")
    require_storable(name)
    return name if catalog is None else find_column(catalog, name).name


_Text = Annotated[str, AfterValidator(_storable)]


class ExportFilter(PayloadModel):
    """One restriction; a ticket must meet all filters of a view.

    `value` is text, as in the seed. A number or a UUID is accepted too and kept as text; so is a list, as its JSON
    text, where the operator takes several values. One value has at most 10,000 characters.
    """

    field: _Text
    operator: _Text
    value: Annotated[_Text | None, Field(validate_default=True)] = None

    @field_validator("field")
    @classmethod
    def _field_is_filterable(cls, name: str, info: ValidationInfo) -> str:
        columns = columns_of(info)
        return name if columns is None else find_column(columns, name, "filterable").name

    @field_validator("operator")
    @classmethod
    def _operator_fits(cls, name: str, info: ValidationInfo) -> str:
        column = filtered_column(info)
        if column is None:
            return name
        operator = find_operator(name, column.kind)
        if operator is None:
            known = ", ".join(OPERATORS[column.kind])
            raise ValueError(
                f"{quoted(name)} is not an operator of the {column.kind} column {column.name}; use {known}"
            )
        return operator.value

    @field_validator("value", mode="before")
    @classmethod
    def _value_is_text(cls, value: object, info: ValidationInfo) -> object:
        operator = info.data.get("operator")
        takes_list = operator is None or operator.lower() in _LIST_OPERATORS
        if isinstance(value, (list, tuple)):
            if not takes_list:
                raise ValueError(f"only {' and '.join(_LIST_OPERATORS)} take a list")
            if len(value) > MAX_VALUES:
                raise ValueError(f"holds {len(value):,} values; at most {MAX_VALUES} are allowed")
            return _json_list(value)
        if isinstance(value, (str, bytes)):
            # A text may be a list too; `split_values` counts and measures its members.
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
            check_filter(column, Operator(info.data["operator"]), value)
        return value


def _identifier(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"must be text or a number, not {shown(value)}")
    if not isinstance(value, str):
        _json_text(value)
        return value
    if not value:
        raise ValueError("must not be empty; to leave it out, use null")
    _require_length(value, MAX_VALUE)
    return _storable(value)


# As in JSON; the type of the column decides how to read it.
_Identifier = Annotated[str | int | float | UUID, BeforeValidator(_identifier)]


class ExportScope(PayloadModel):
    """The team or assignee whose tickets the view shows, as the host's identifiers: text or number."""

    team_id: _Identifier | None = None
    assigned_to_user_id: _Identifier | None = None

    @field_validator("team_id", "assigned_to_user_id")
    @classmethod
    def _scope_is_possible(cls, wanted: _Identifier | None, info: ValidationInfo) -> _Identifier | None:
        role = ScopeRole.TEAM if info.field_name == "team_id" else ScopeRole.ASSIGNEE
        columns = columns_of(info)
        if wanted is not None and columns is not None:
            column = columns.find_scope(role)
            if column is None:
                raise ValueError(f"these tickets cannot be restricted to one {role}")
            parse_ids((str(wanted),), column)
        return wanted


class ExportSnapshotPayload(PayloadModel):
    """The captured view: its filters, its order and its columns.

    `sort_direction` is ``asc`` or ``desc``. `time_zone` is an IANA name (None is UTC): the zone of the shown times and
    of the days of a filter. `view_id` is any JSON value; it is kept and has no effect. `file` is None only in a
    view that was not checked against the formats. `selection` is a text by which the ticket source knows a list of
    tickets, such as one that a user sees in the admin of Django: the view has only these tickets and, without
    `sort_field`, their order.
    """

    # Validated first, since the search looks only at the chosen columns.
    columns: tuple[_Text, ...] = Field(validate_default=True, default=())
    view_id: object = None
    filters: Annotated[tuple[ExportFilter, ...], BeforeValidator(_few_filters)] = ()
    search_term: _Text | None = None
    sort_field: _Text | None = None
    sort_direction: str | None = None
    scope: ExportScope | None = None
    selection: _Text | None = None
    time_zone: str | None = None
    file: Annotated[FileOptions | None, Field(validate_default=True)] = None

    def to_json(self) -> str:
        """Return the payload as it is stored: camelCase JSON."""
        # A worker of an older release refuses a key that it does not know.
        return self.model_dump_json(exclude={"selection"} if self.selection is None else None)

    @field_validator("columns", mode="before")
    @classmethod
    def _columns_are_known_once(cls, value: object, info: ValidationInfo) -> tuple[str, ...]:
        catalog = columns_of(info)
        given = _listed(value)
        most = MAX_COLUMNS if catalog is None else len(catalog)
        problems: list[tuple[Location, ValueError]] = []
        if len(given) > most:
            problems.append(((), ValueError(f"may hold at most {most:,}, not {len(given):,}")))
        chosen: dict[str, str] = {}
        for index, name in enumerate(given[:most]):
            try:
                column = _column_name(name, catalog)
                if column.lower() in chosen:
                    raise ValueError(f"column {quoted(str(name))} is chosen twice")
                chosen[column.lower()] = column
            except ValueError as error:
                problems.append(((index,), error))
        if not chosen and not problems:
            problems.append(((), ValueError("choose at least one column")))
        raise_problems(problems)
        return tuple(chosen.values())

    @field_validator("view_id", mode="before")
    @classmethod
    def _view_id_is_json(cls, value: object) -> object:
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False, default=_json_uuid)
        except (ValueError, TypeError, RecursionError):
            raise ValueError("must be a value of JSON") from None
        _require_length(text, MAX_VALUE)
        # Not every database can store a NUL.
        _storable("\x00" if _ESCAPED_NUL.search(text) else text)
        kept: object = json.loads(text)
        return kept

    @field_validator("search_term", mode="before")
    @classmethod
    def _search_is_trimmed(cls, term: object) -> object:
        if not isinstance(term, str):
            return term
        # Measured before it is trimmed, because a model's text may be longer than any payload.
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
                raise ValueError(f"none of the chosen columns can be searched; searchable are {searchable or 'none'}")
        return term

    @field_validator("sort_field")
    @classmethod
    def _sort_is_possible(cls, name: str | None, info: ValidationInfo) -> str | None:
        columns = columns_of(info)
        return name if columns is None or name is None else find_column(columns, name, "sortable").name

    @field_validator("sort_direction")
    @classmethod
    def _direction_is_known(cls, direction: str | None) -> str | None:
        if direction is None:
            return None
        if direction.lower() not in _DIRECTIONS:
            raise ValueError(f"{quoted(direction)} is not a sort direction; use asc or desc")
        return _DIRECTIONS[direction.lower()]

    @field_validator("selection")
    @classmethod
    def _selection_exists(cls, selection: str | None, info: ValidationInfo) -> str | None:
        if selection is None:
            return None
        if not selection:
            raise ValueError("must not be empty; to leave it out, use null")
        _require_length(selection, MAX_SELECTION)
        require_selection(selection, info)
        return selection

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str | None) -> str | None:
        if name is not None and name not in _zone_names():
            raise ValueError(f"{quoted(name)} is not an IANA time zone; use a name such as Europe/Berlin")
        return name

    @field_validator("file")
    @classmethod
    def _file_is_offered(cls, asked: FileOptions | None, info: ValidationInfo) -> FileOptions | None:
        formats = formats_of(info)
        return asked if formats is None else formats.completed(asked or FileOptions())


@cache
def _zone_names() -> frozenset[str]:
    # Reading the zone directory takes milliseconds; it does not change while a process runs. "localtime" depends on the
    # machine: the same view would produce other bytes elsewhere.
    return frozenset(available_timezones()) - {"localtime"}


def _require_length(text: str | bytes, most: int) -> None:
    if len(text) > most:
        raise ValueError(f"may hold at most {most:,} characters, not {len(text):,}")


def _json_list(values: Sequence[object]) -> str:
    kinds = {type(value) for value in values}
    if not all(issubclass(kind, (str, int, float, UUID)) and kind is not bool for kind in kinds):
        raise ValueError(_NOT_A_VALUE)
    _require_length(max((value for value in values if isinstance(value, str)), key=len, default=""), MAX_VALUE)
    return _json_text(values)


def _json_text(value: object) -> str:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, default=_json_uuid)
    except (ValueError, TypeError):
        raise ValueError(_NOT_A_VALUE) from None


def _json_uuid(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError
