"""``ticket-export export``: request an export, run it here, save its file."""

from time import monotonic

import typer

from ticket_export.entrypoints.cli.exit_codes import CommandError, ExitCode
from ticket_export.entrypoints.cli.export_here import export_here, require_file
from ticket_export.entrypoints.cli.options import As, AsJson, Output, refuse_json_beside_file
from ticket_export.entrypoints.cli.output.file_ending import format_of_name, note_ending
from ticket_export.entrypoints.cli.output.output_file import is_standard_output, open_output
from ticket_export.entrypoints.cli.output.progress import progress_view
from ticket_export.entrypoints.cli.output.saved_download import save_download
from ticket_export.entrypoints.cli.output.standard_streams import printable, write_json, write_note, write_summary
from ticket_export.entrypoints.cli.session import session_of
from ticket_export.entrypoints.cli.view_options import View, takes_view, with_format
from ticket_export.errors import NotPermittedError


@takes_view
def export(context: typer.Context, view: View, email: As, output: Output, as_json: AsJson = False) -> None:
    """Request an export of a view, run it here, and save its file.

    --columns and the other options describe the view, or --payload holds it: one of the two is required.

    Without --format, the end of FILE decides: a name that ends with .xlsx becomes an Excel workbook.
    """
    is_printed = is_standard_output(output)
    refuse_json_beside_file(is_printed, as_json)
    session = session_of(context)
    began = monotonic()
    container = session.container()
    actor = session.actor(email)
    if (file_format := format_of_name(container.file_formats(), output)) is not None:
        view = with_format(view, file_format)
    with open_output(output) as target:
        job = export_here(container, actor, view)
        if as_json:
            # Also where the export failed: a script then has its id.
            write_json(job.model_dump(mode="json"))
        require_file(job)
        try:
            file = container.open_download()(actor, job.id, with_link=False)
        except NotPermittedError as error:
            raise CommandError(
                f"export {job.id} is complete, with {job.row_count:,} rows, but {error}; "
                "a permitted user can save it with: "
                + session.command_line(f"download {job.id} --as EMAIL --output FILE"),
                exit_code=ExitCode.NOT_PERMITTED,
            ) from error
        with progress_view("bytes") as shown:
            save_download(file, target, shown)
    note_ending(file.file_name, output)
    if not as_json:
        say = write_note if is_printed else write_summary
        say(
            f"{job.row_count:,} rows, {file.length:,} bytes in {printable(output)} "
            f"({monotonic() - began:.1f} s, export {job.id})"
        )
