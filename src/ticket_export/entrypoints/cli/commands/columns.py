"""``ticket-export columns``: the columns of a view."""

from collections.abc import Sequence
from typing import Annotated

import typer

from ticket_export.application.actor import Actor
from ticket_export.application.formats.file_formats import FileFormats
from ticket_export.application.ports.file_format import BOM, DELIMITER, HEADER
from ticket_export.application.view.filter_operators import OPERATORS
from ticket_export.application.view.ticket_column import TicketColumn
from ticket_export.domain.system_permissions import BuiltInSystemPermission
from ticket_export.entrypoints.cli.options import AsJson
from ticket_export.entrypoints.cli.output.standard_streams import write_json, write_line
from ticket_export.entrypoints.cli.output.text_table import text_table
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.errors import ConfigurationError

_ADMIN = Actor(user_id="", is_admin=True, permissions=BuiltInSystemPermission.all_permissions())

_As = Annotated[
    str | None,
    typer.Option("--as", metavar="EMAIL", help="Show the columns that this active user may see."),
]


def columns(context: typer.Context, email: _As = None, as_json: AsJson = False) -> None:
    """Show the columns that can be exported, filtered, searched and sorted.

    Without --as, these are the columns that an admin with all permissions may see. Without --json, the formats of files
    are shown too.
    """
    session = session_of(context)
    actor = _ADMIN if email is None else session.actor(email)
    container = session.container()
    source = container.ticket_source()
    try:
        source_columns = source.columns(actor)
    except ConfigurationError as error:
        if email is not None:
            raise
        # A rule may need what only a real user has.
        raise ConfigurationError(f"{error}; name a user with --as") from error
    described = [_described(column) for column in source_columns]
    if as_json:
        write_json(described)
        return
    formats = _formats_text(container.file_formats())
    write_line(f"{_columns_text(list(source_columns))}\n\n{formats}" if described else "no columns")


def _described(column: TicketColumn) -> dict[str, object]:
    return {
        "name": column.name,
        "label": column.label,
        "kind": column.kind.value,
        "searchable": column.searchable,
        "filterable": column.filterable,
        "sortable": column.sortable,
        "operators": [operator.value for operator in OPERATORS[column.kind]] if column.filterable else [],
        "choices": [{"value": choice.value, "label": choice.label} for choice in column.choices],
    }


def _columns_text(columns: Sequence[TicketColumn]) -> str:
    rows = [(column.name, column.label, column.kind.value, _abilities(column), _choices(column)) for column in columns]
    table = text_table(("name", "label", "kind", "can be used to", "choices"), rows)
    kinds = dict.fromkeys(column.kind for column in columns if column.filterable)
    operators = [(kind.value, " ".join(OPERATORS[kind])) for kind in kinds]
    return f"{table}\n\n{text_table(('kind', 'operators of a filter'), operators)}" if operators else table


def _formats_text(formats: FileFormats) -> str:
    rows = [
        (name, each.extension, ", ".join(option for option in (DELIMITER, BOM, HEADER) if option in each.options))
        for name, each in formats.by_name.items()
    ]
    return text_table(("format", "name ends with", "options"), rows)


def _choices(column: TicketColumn) -> str:
    labels = column.labels
    each = (f"{value} ({labels[value]})" if value in labels else value for value in column.ranks)
    return ", ".join(each)


def _abilities(column: TicketColumn) -> str | None:
    abilities = {"search": column.searchable, "filter": column.filterable, "sort": column.sortable}
    return " ".join(name for name, is_there in abilities.items() if is_there) or None
