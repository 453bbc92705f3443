"""Show what an actor may export."""

from __future__ import annotations

from datetime import timedelta

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.dto import ChoiceDto, ChoicesDto, ColumnDto, FormatDto, LimitsDto
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.rights import Rights
from ticket_export.application.view.file_options import FileOptions
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.limits import MAX_FILTERS, MAX_JSON, MAX_SEARCH, MAX_VALUE, MAX_VALUES
from ticket_export.application.view.ticket_column import ColumnKind, TicketColumn


@attrs.frozen(kw_only=True)
class GetChoices:
    """Show the columns, formats and limits of a view, and who will be able to download its file.

    Rules:
        1. A column that the actor may not see is left out.
        2. The policy decides about an export that the actor would request now. It may decide otherwise about a later
           download, so this is only told, and never a right.
    """

    ticket_source: TicketSource
    file_formats: FileFormats
    rights: Rights
    clock: Clock
    retention: timedelta
    max_active_jobs: int

    def __call__(self, actor: Actor) -> ChoicesDto:
        """Return the choices of this actor."""
        may_request = self.rights.refusal_of_request(actor) is None
        refusal = self.rights.refusal_of_own_download(actor, now=self.clock.now())
        return ChoicesDto(
            columns=tuple(_column(each) for each in self.ticket_source.columns(actor)),
            formats=tuple(
                FormatDto(
                    name=name,
                    extension=each.extension,
                    content_type=each.content_type,
                    is_packed=each.is_packed,
                    options=tuple(sorted(each.options)),
                )
                for name, each in self.file_formats.by_name.items()
            ),
            file=self.file_formats.offered.completed(FileOptions()),
            limits=LimitsDto(
                json_bytes=MAX_JSON,
                filters=MAX_FILTERS,
                values=MAX_VALUES,
                search_characters=MAX_SEARCH,
                value_characters=MAX_VALUE,
                active_exports=self.max_active_jobs,
                retention_hours=self.retention / timedelta(hours=1),
            ),
            may_request=may_request,
            may_download=refusal is None,
            refusal=str(refusal) if refusal else None,
        )


def _column(column: TicketColumn) -> ColumnDto:
    return ColumnDto(
        name=column.name,
        label=column.label,
        kind=column.kind,
        id_type=column.id_type if column.kind is ColumnKind.ID else None,
        operators=OPERATORS[column.kind] if column.filterable else (),
        choices=tuple(ChoiceDto(value=each.value, label=each.label) for each in column.choices),
        searchable=column.searchable,
        sortable=column.sortable,
        scope_role=column.scope_role,
    )
