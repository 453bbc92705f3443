"""The options that describe a view, for every command that takes one."""

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated

import typer

from ticket_export.application.view.file_options import typed_delimiter
from ticket_export.application.view.limits import MAX_JSON
from ticket_export.entrypoints.cli.exit_codes import BadInputError
from ticket_export.errors import InvalidPayloadError

#: A view as `RequestExport` takes it: JSON text or a mapping.
View = str | Mapping[str, object]


def takes_view(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a view to `command`, and call it with that view as its argument ``view``."""
    options = signature(view_of, eval_str=True).parameters
    own = [each for each in signature(command, eval_str=True).parameters.values() if each.name != "view"]

    @wraps(command)
    def with_options(**values: object) -> None:
        view = view_of(**{name: values.pop(name) for name in options})  # type: ignore[arg-type]
        command(view=view, **values)

    everything = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in (*own, *options.values())]
    with_options.__signature__ = Signature(everything)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in everything}
    return with_options


def view_of(
    *,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C",
            help="The columns, in this order; the command `columns` lists them. Required without --payload.",
        ),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="FIELD:OPERATOR[:VALUE]",
            help="Only tickets that match, such as status:is_any_of:open,pending; can be repeated.",
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Only tickets with this text in one of the chosen columns that are searchable.",
        ),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="FIELD[:desc]", help="The column to sort by; the default is the ticket's id.")
    ] = None,
    team: Annotated[str | None, typer.Option(metavar="ID", help="Only tickets of this team.")] = None,
    assignee: Annotated[str | None, typer.Option(metavar="ID", help="Only tickets of this assignee.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(metavar="TZ", help="The time zone of the file, such as Europe/Berlin.")
    ] = None,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="NAME", help="The format of the file, such as xlsx; the command `columns` lists them."
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="CHAR", help='What is between two cells of a CSV file: "," or ";" or tab.'),
    ] = None,
    header: Annotated[
        bool | None, typer.Option("--header/--no-header", help="Whether the file begins with a row of labels.")
    ] = None,
    bom: Annotated[
        bool | None,
        typer.Option("--bom/--no-bom", help="Whether a CSV file begins with a byte order mark, which Excel needs."),
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Read the whole view from this JSON file instead of the other options; - for standard input.",
        ),
    ] = None,
) -> View:
    """Return the view that the options describe. `RequestExport` validates it.

    Raises:
        BadInputError: the payload cannot be read, or another option is used with it.
        InvalidPayloadError: the payload is not UTF-8 text.
    """
    given = {
        "--columns": columns,
        "--filter": filters or None,
        "--search": search,
        "--sort": sort,
        "--team": team,
        "--assignee": assignee,
        "--time-zone": time_zone,
        "--format": file_format,
        "--delimiter": delimiter,
        "--header": header,
        "--bom": bom,
    }
    others = [option for option, value in given.items() if value is not None]
    if payload is not None:
        if others:
            raise BadInputError("--payload", f"holds the whole view, so it cannot go with {', '.join(others)}")
        return _read_payload(payload)
    view: dict[str, object] = {"columns": _listed(columns), "filters": [_filter(each) for each in filters or ()]}
    if search is not None:
        view["searchTerm"] = search
    if sort is not None:
        view |= _sorting(sort)
    if team is not None or assignee is not None:
        view["scope"] = {"teamId": team, "assignedToUserId": assignee}
    if time_zone is not None:
        view["timeZone"] = time_zone
    file = {"format": file_format, "delimiter": typed_delimiter(delimiter), "header": header, "bom": bom}
    if any(option is not None for option in file.values()):
        view["file"] = file
    return view


def with_format(view: View, file_format: str) -> View:
    """Return the view with this format for its file, unless it says one itself or comes from --payload."""
    if isinstance(view, str):
        return view
    options = view.get("file")
    file = dict(options) if isinstance(options, Mapping) else {}
    return {**view, "file": {**file, "format": file.get("format") or file_format}}


def _listed(columns: str | None) -> list[str]:
    return [name.strip() for name in columns.split(",")] if columns else []


def _filter(text: str) -> dict[str, str]:
    # Only what was typed: the payload's own check reports missing parts together with all other problems.
    return dict(zip(("field", "operator", "value"), text.split(":", 2), strict=False))


def _sorting(text: str) -> dict[str, object]:
    field, colon, direction = text.rpartition(":")
    return {"sortField": field, "sortDirection": direction} if colon else {"sortField": text}


def _read_payload(file: str) -> str:
    try:
        if file == "-" and sys.stdin is None:
            raise BadInputError("--payload", "there is no standard input to read")
        if file == "-":
            data = sys.stdin.buffer.read(MAX_JSON + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(MAX_JSON + 1)
    except OSError as error:
        raise BadInputError("--payload", f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadInputError("--payload", f"{file} cannot be read: {error}") from error
    if len(data) > MAX_JSON:
        raise BadInputError("--payload", f"{file} is longer than {MAX_JSON:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidPayloadError([f"payload: not UTF-8 text, from byte {error.start + 1} on"]) from None
