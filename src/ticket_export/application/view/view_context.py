"""What a view is checked against, as the validation context of pydantic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
from pydantic import ValidationInfo

from ticket_export.application.view.file_options import OfferedFormats
from ticket_export.application.view.ticket_column import TicketColumns

#: Why a selection is refused where the tickets have none.
NO_SELECTIONS: Final = "these tickets have no selections"


@attrs.frozen
class ViewContext:
    """The columns and the formats that a view may name. None is for what is checked only for its shape.

    `selections` refuses a selection by a `ValueError`. With columns and without it, the tickets have no selections.
    """

    columns: TicketColumns | None = None
    formats: OfferedFormats | None = None
    selections: Callable[[str], None] | None = None


def columns_of(info: ValidationInfo) -> TicketColumns | None:
    """Return the columns that the view is checked against; None if only its shape is checked."""
    return info.context.columns if isinstance(info.context, ViewContext) else None


def formats_of(info: ValidationInfo) -> OfferedFormats | None:
    """Return the formats that the view is checked against; None if only its shape is checked."""
    return info.context.formats if isinstance(info.context, ViewContext) else None


def require_selection(selection: str, info: ValidationInfo) -> None:
    """Refuse a selection that does not exist.

    Raises:
        ValueError: the tickets have no selections, or not this one.
    """
    context = info.context
    if not isinstance(context, ViewContext) or context.columns is None:
        return
    if context.selections is None:
        raise ValueError(NO_SELECTIONS)
    context.selections(selection)
