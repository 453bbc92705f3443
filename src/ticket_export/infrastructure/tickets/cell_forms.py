"""A cell as it is shown, compared and sorted, by the SQL type of its expression.

On PostgreSQL that is the type the database stores (`stored_types`), on SQLite the one that the catalog declares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, and_, cast, func, or_

from ticket_export.application.view.ticket_column import ColumnKind, IdType, TicketColumn
from ticket_export.infrastructure.tickets.catalog import Expression
from ticket_export.infrastructure.tickets.moment_functions import DayText
from ticket_export.infrastructure.tickets.sql_functions import (
    BooleanText,
    ComparedText,
    ExactText,
    LooselyCollated,
    NumberCell,
    NumberText,
    StoredText,
    UuidKey,
    UuidText,
    declared_type,
)
from ticket_export.infrastructure.tickets.sql_types import SqlType, sql_type

_SECONDS = len("HH:MM:SS")


def text_of(cell: Expression) -> ColumnElement[str]:
    """The cell as a text, which is what a file shows of it; NULL stays NULL."""
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
    """`text_of` in a collation that takes no two texts for one."""
    return ExactText(text_of(cell))


def shown_cell(column: TicketColumn, cell: Expression) -> Expression:
    """What the file shows of a cell that is not a moment or a day."""
    if column.kind is ColumnKind.BOOLEAN:
        return BooleanText(cell)
    if column.kind is ColumnKind.NUMBER or column.id_type is IdType.INTEGER:
        return NumberCell(cell)
    text = text_of(cell)
    return ExactText(text) if isinstance(cell, LooselyCollated) else text


def sort_key(cell: Expression) -> Expression:
    """What the cell is sorted by: a text in the collation of its column, anything else by its own order."""
    return StoredText(cell) if sql_type(cell.type) is SqlType.TEXT else cell


def is_one_of_texts(cell: Expression, texts: Sequence[Any]) -> ColumnElement[bool]:
    """Whether the cell, as a text, is exactly one of `texts`."""
    text = text_of(cell)
    found = ComparedText(text).in_(texts)
    # An index answers the first; the second keeps out what the column's collation lets in besides.
    return and_(found, ExactText(text).in_(texts)) if isinstance(cell, LooselyCollated) else found


def is_one_of_uuids(cell: Expression, uuids: Sequence[UUID]) -> ColumnElement[bool]:
    """Whether the cell is one of `uuids`, in whatever spelling it is stored."""
    declared = declared_type(cell)
    if isinstance(declared, Uuid) and not declared.native_uuid:
        return UuidText(cell).in_([str(uuid) for uuid in uuids])
    return UuidKey(cell).in_(uuids)


def is_empty_text(cell: Expression) -> ColumnElement[bool]:
    """Whether the cell is NULL or the empty text."""
    if sql_type(cell.type) is not SqlType.TEXT:
        return cell.is_(None)
    return or_(cell.is_(None), exact_text_of(cell) == "")
