"""``ticket-export download``: save the file of an export."""

import typer

from ticket_export.entrypoints.cli.options import As, AsJson, Job, Output, job_id_of, refuse_json_beside_file
from ticket_export.entrypoints.cli.output.file_ending import note_ending
from ticket_export.entrypoints.cli.output.output_file import is_standard_output, open_output
from ticket_export.entrypoints.cli.output.progress import progress_view
from ticket_export.entrypoints.cli.output.saved_download import save_download
from ticket_export.entrypoints.cli.output.standard_streams import printable, write_json, write_note, write_summary
from ticket_export.entrypoints.cli.session import session_of


def download(context: typer.Context, job: Job, email: As, output: Output, as_json: AsJson = False) -> None:
    """Save the file of a completed export."""
    session = session_of(context)
    job_id = job_id_of(job)
    is_printed = is_standard_output(output)
    refuse_json_beside_file(is_printed, as_json)
    container = session.container()
    actor = session.actor(email)
    with open_output(output) as target:
        file = container.open_download()(actor, job_id, with_link=False)
        with progress_view("bytes") as shown:
            save_download(file, target, shown)
    note_ending(file.file_name, output)
    if as_json:
        write_json(container.get_export()(actor, job_id).model_dump(mode="json"))
    else:
        say = write_note if is_printed else write_summary
        say(f"{file.length:,} bytes in {printable(output)}")
