"""``ticket-export columns``: what can be exported."""

import typer

from ticket_export.application.filter_operators import OPERATORS
from ticket_export.application.ticket_column import TicketColumn
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output import write_json, write_line
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.entrypoints.cli.text_table import text_table


def columns(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what can be exported, filtered, searched and sorted."""
    described = [_described(column) for column in session_of(context).container().ticket_source().columns]
    if as_json:
        write_json(described)
        return
    rows = [[_shown(value) for value in column.values()] for column in described]
    write_line(text_table(list(described[0]) if described else ["no columns"], rows))


def _described(column: TicketColumn) -> dict[str, object]:
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind.value,
        "searchable": column.searchable,
        "filterable": column.filterable,
        "sortable": column.sortable,
        "operators": [operator.value for operator in OPERATORS[column.kind]] if column.filterable else [],
        "choices": list(column.choices),
    }


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else value
