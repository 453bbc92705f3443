"""A cell as it is shown, compared and sorted, depending on the SQL type of its expression.

On PostgreSQL this is the stored type (`stored_catalog`), on SQLite the type that the catalog declares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, case, cast, func, or_

from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.sql_functions import (
    BooleanText,
    ComparedText,
    DayText,
    ExactText,
    LooselyCollated,
    NumberCell,
    NumberText,
    StoredText,
    UuidKey,
    UuidText,
)
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type, underlying

_SECONDS = len("HH:MM:SS")


def text_of(cell: Expression) -> ColumnElement[str]:
    """The cell as a text, as a file shows it; NULL stays NULL."""
    match sql_type(cell.type):
        case SqlType.INTEGER:
            return cast(cell, Text)
        case SqlType.DECIMAL | SqlType.FLOAT:
            return NumberText(cell)
        case SqlType.BOOLEAN:
            return BooleanText(cell)
        case SqlType.DAY:
            return cast(DayText(cell), Text)
        case SqlType.TIME:
            return func.substr(cast(cell, Text), 1, _SECONDS, type_=Text())
        case SqlType.UUID:
            return UuidText(cell)
    return StoredText(cell)


def exact_text_of(cell: Expression) -> ColumnElement[str]:
    """`text_of` in a collation in which no two different texts are equal."""
    return ExactText(text_of(cell))


def searched_text(column: TicketColumn, cell: Expression) -> ColumnElement[str]:
    """The cell as a text, as a file shows it: with the label instead of a choice's value."""
    if not column.labels:
        return text_of(cell)
    exact = exact_text_of(cell)
    return case(column.labels, value=exact, else_=exact)


def shown_cell(column: TicketColumn, cell: Expression) -> Expression:
    """The cell as the file shows it, unless it is a moment or a day."""
    if column.kind is ColumnKind.BOOLEAN:
        return BooleanText(cell)
    if column.kind is ColumnKind.NUMBER or column.id_type is IdType.INTEGER:
        return NumberCell(cell)
    text = searched_text(column, cell)
    return ExactText(text) if isinstance(cell, LooselyCollated) and not column.labels else text


def sort_key(cell: Expression) -> Expression:
    """The sort key of the cell: a text sorts in the collation of its column, anything else in its own order."""
    return StoredText(cell) if sql_type(cell.type) is SqlType.TEXT else cell


def is_one_of_texts(cell: Expression, texts: Sequence[Any]) -> ColumnElement[bool]:
    """Whether the cell, as a text, is exactly one of `texts`."""
    text = text_of(cell)
    found = ComparedText(text).in_(texts)
    # An index answers the first condition; the second excludes texts that are equal only in the column's collation.
    return and_(found, ExactText(text).in_(texts)) if isinstance(cell, LooselyCollated) else found


def is_one_of_uuids(cell: Expression, uuids: Sequence[UUID]) -> ColumnElement[bool]:
    """Whether the cell is one of `uuids`, in any stored spelling."""
    declared = underlying(cell.type)
    if isinstance(declared, Uuid) and not declared.native_uuid:
        return UuidText(cell).in_([str(uuid) for uuid in uuids])
    return UuidKey(cell).in_(uuids)


def is_empty_text(cell: Expression) -> ColumnElement[bool]:
    """Whether the cell is NULL or the empty text."""
    if sql_type(cell.type) is not SqlType.TEXT:
        return cell.is_(None)
    return or_(cell.is_(None), exact_text_of(cell) == "")
