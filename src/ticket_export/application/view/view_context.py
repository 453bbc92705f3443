"""What a view is checked against, as the validation context of pydantic."""

from __future__ import annotations

import attrs
from pydantic import ValidationInfo

from ticket_export.application.view.file_options import OfferedFormats
from ticket_export.application.view.ticket_column import TicketColumns


@attrs.frozen
class ViewContext:
    """The columns and the formats that a view may name. None is for what is checked only for its shape."""

    columns: TicketColumns | None = None
    formats: OfferedFormats | None = None


def columns_of(info: ValidationInfo) -> TicketColumns | None:
    """Return the columns that the view is checked against; None if only its shape is checked."""
    return info.context.columns if isinstance(info.context, ViewContext) else None


def formats_of(info: ValidationInfo) -> OfferedFormats | None:
    """Return the formats that the view is checked against; None if only its shape is checked."""
    return info.context.formats if isinstance(info.context, ViewContext) else None
