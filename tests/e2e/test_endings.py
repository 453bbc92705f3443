"""How commands end: exit codes, one line a problem, nothing else on standard error."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.command_line import SCRIPT, clean_environment, job, jobs, run_command, run_script
from tests.e2e.conftest import HelpDesk
from ticket_export.application.view.limits import MAX_JSON

_ADMIN = ("--as", "admin@example.test")
_EXPORT = ("export", "--columns", "id", *_ADMIN, "--output", "tickets.csv")
_MISTAKES = """{
    "columns": ["id", "nope", "id"], "colour": "red", "timeZone": "Mars/Olympus",
    "filters": [{"field": "id", "operator": "gt", "value": "many"}, {"field": "title", "operator": "resembles"}]
}"""


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        ((*_EXPORT,), 0, []),
        (("show", str(uuid4()), *_ADMIN), 4, ["was not found"]),
        (("show", "17", *_ADMIN), 2, ["JOB: '17' is not the id of an export"]),
        (("show", str(uuid4())), 2, ["--as"]),
        (("show", str(uuid4()), "--as", "nobody@example.test"), 2, ["--as: no active user"]),
        (("show", str(uuid4()), "--as", "agent10@example.test"), 2, ["--as: no active user"]),
        (
            ("export", "--columns", "id", "--as", "viewer@example.test", "--output", "a.csv"),
            3,
            ["needs the permission"],
        ),
        (("export", "--columns", "id", *_ADMIN, "--output", "none/a.csv"), 2, ["--output: the folder of"]),
        (("export", *_ADMIN, "--output", "a.csv"), 2, ["columns: choose at least one"]),
        (("export", "--columns", "id", *_ADMIN, "--output", "-", "--json"), 2, ["--json: "]),
        (("retry", str(uuid4()), *_ADMIN), 4, ["was not found"]),
        (("cancel", str(uuid4()), *_ADMIN), 4, ["was not found"]),
        (("cancel", "17", *_ADMIN), 2, ["JOB: '17' is not the id of an export"]),
        (("request", "--columns", "nope", *_ADMIN), 2, ["columns[0]: "]),
        (("request", "--columns", "id", *_ADMIN), 0, []),
        (("worker", "--drain"), 0, []),
        (("worker", "--concurrency", "0"), 2, ["--concurrency"]),
        (("cleanup",), 0, []),
        (("list", *_ADMIN, "--page", "0"), 2, ["--page"]),
        (("list", *_ADMIN, "--page", "two"), 2, ["--page"]),
        (("list", *_ADMIN, "--page", "1000000000", "--page-size", "200"), 0, []),
        (("list", *_ADMIN, "--colour"), 2, ["--colour"]),
        (("sample-data", "--tickets", "-1"), 2, ["--tickets"]),
        (("lsit",), 2, ["lsit"]),
        (("--app", "nowhere:container", "columns"), 2, ["--app: there is no module"]),
        (("migrate", "extra\nargument"), 2, ["argument(s) (extra"]),
        (("migrate",), 0, []),
        (("--version",), 0, []),
        ((), 0, []),
    ],
)
def test_the_exit_code_says_how_it_ended_and_one_line_why(
    help_desk: HelpDesk, arguments: tuple[str, ...], exit_code: int, told: list[str]
) -> None:
    ended = run_command(*arguments)
    assert ended.exit_code == exit_code, ended.err
    assert len(ended.problems) == len(told)
    assert all(expected in problem for expected, problem in zip(told, ended.problems, strict=True))
    if told:
        assert len(ended.err.splitlines()) == len(told)


def test_the_real_script_ends_like_that_too(help_desk: HelpDesk) -> None:
    ended = {
        arguments: run_script(*arguments, folder=help_desk.folder, settings=help_desk.settings)
        for arguments in (
            _EXPORT,
            ("lsit",),
            ("export", "--columns", "id", "--as", "viewer@example.test", "--output", "a"),
        )
    }
    assert [each.exit_code for each in ended.values()] == [0, 2, 3]
    assert [len(each.problems) for each in ended.values()] == [0, 1, 1]


def test_a_payload_with_several_mistakes_is_told_a_line_each(help_desk: HelpDesk) -> None:
    (help_desk.folder / "view.json").write_text(_MISTAKES)
    ended = run_script(
        *("export", "--payload", "view.json", *_ADMIN, "--output", "a.csv"),
        folder=help_desk.folder,
        settings=help_desk.settings,
    )
    assert ended.exit_code == 2
    places = {problem.split(":")[0] for problem in ended.problems}
    assert places == {"columns[1]", "columns[2]", "colour", "timeZone", "filters[0].value", "filters[1].operator"}
    assert len(ended.err.splitlines()) == len(ended.problems) == 6
    assert not (help_desk.folder / "a.csv").exists()


def test_mistakes_in_several_options_are_told_at_once(help_desk: HelpDesk) -> None:
    ended = run_command(
        *("export", "--columns", "id,nope", "--filter", "id:gt:many", "--filter", "title", "--sort", "id:sideways"),
        *("--time-zone", "Mars", "--team", "1", *_ADMIN, "--output", "a.csv"),
    )
    places = [problem.split(":")[0] for problem in ended.problems]
    assert ended.exit_code == 2
    assert sorted(places) == [
        *("columns[1]", "filters[0].value", "filters[1].operator", "scope.teamId", "sortDirection", "timeZone")
    ]


def test_a_view_that_is_refused_leaves_no_job(help_desk: HelpDesk) -> None:
    run_command("export", "--columns", "nope", *_ADMIN, "--output", "a.csv")
    run_command("export", "--columns", "id", *_ADMIN, "--output", "none/a.csv")
    assert jobs(run_command("list", *_ADMIN, "--json")) == []


def test_a_payload_may_come_from_standard_input(help_desk: HelpDesk) -> None:
    arguments = ("export", "--payload", "-", *_ADMIN, "--output", "-")
    ended = run_command(*arguments, stdin=b'{"Columns": ["id"], "SortField": "id", "SortDirection": "desc"}')
    assert ended.exit_code == 0, ended.err
    assert ended.out.startswith(b"\xef\xbb\xbfTicket ID\n400\n")
    assert run_command(*arguments, stdin=b" " * (MAX_JSON + 1)).exit_code == 2


def test_a_failed_export_says_why_and_which_and_leaves_no_file(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (help_desk.folder / "no-folder").touch()
    monkeypatch.setenv("TICKET_EXPORT_STORAGE_URL", (help_desk.folder / "no-folder").as_uri())
    ended = run_command(*_EXPORT, "--json")
    assert ended.exit_code == 1
    assert job(ended)["status"] == "failed"
    assert ended.problems == [f"export {job(ended)['id']} failed: {job(ended)['errorMessage']}"]
    assert "Traceback" not in ended.err
    assert not (help_desk.folder / "tickets.csv").exists()
    assert run_command("download", str(job(ended)["id"]), *_ADMIN, "--output", "tickets.csv").exit_code == 1


def test_debug_shows_the_cause(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    (help_desk.folder / "no-folder").touch()
    monkeypatch.setenv("TICKET_EXPORT_STORAGE_URL", (help_desk.folder / "no-folder").as_uri())
    ended = run_command("--debug", *_EXPORT)
    assert ended.exit_code == 1
    assert "Traceback" in ended.err
    assert "StorageError" in ended.err
    assert len(ended.problems) == 1


def test_an_expired_export_is_told_as_one(help_desk: HelpDesk) -> None:
    exported = run_command(*_EXPORT, "--json")
    with closing(sqlite3.connect(help_desk.database)) as database, database:
        database.execute('UPDATE "ExportJobs" SET "ExpiresAt" = \'2020-01-01 00:00:00.000000\'')
    ended = run_command("download", str(job(exported)["id"]), *_ADMIN, "--output", "a.csv")
    assert ended.exit_code == 1
    assert "expired" in ended.problems[0]


def test_a_database_without_tables_says_how_to_make_them(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_EXPORT_DATABASE_URL", "sqlite:///new.db")
    for arguments in (("list", *_ADMIN), ("sample-data", "--tickets", "5"), _EXPORT):
        ended = run_command(*arguments)
        assert ended.exit_code == 2
        assert len(ended.err.splitlines()) == 1
        assert "ticket-export migrate --reference-schema" in ended.problems[0]
        assert "Contacts, ExportAuditEntries, ExportDatabase, ExportJobs, MediaItems, RoleUser" in ended.problems[0]
    assert run_command("migrate").problems[0].startswith("table Users is missing")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATABASE_URL", "nonsense", "database URL"),
        ("DATABASE_URL", "oracle://host/db", "not supported"),
        ("STORAGE_URL", "nonsense", "known schemes are azure, file, gs, s3"),
        ("STORAGE_URL", "file://exports", "is not a local storage"),
        ("LEASE_SECONDS", "soon", "TICKET_EXPORT_LEASE_SECONDS"),
        ("RETENTION_HOUR", "1", "TICKET_EXPORT_RETENTION_HOUR: unknown setting; did you mean "),
        ("APP", "nowhere:container", "--app"),
    ],
)
def test_settings_that_cannot_work_are_named(
    help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"TICKET_EXPORT_{name}", value)
    ended = run_command(*_EXPORT)
    assert (ended.exit_code, len(ended.problems)) == (2, 1)
    assert told in ended.problems[0]


def test_a_database_that_is_none_is_told_in_one_line(help_desk: HelpDesk) -> None:
    help_desk.database.write_bytes(b"this is no database" * 1000)
    ended = run_command("list", *_ADMIN)
    assert ended.exit_code == 1
    assert len(ended.err.splitlines()) == 1
    assert "is not a database" in ended.problems[0]


def test_a_hosts_own_container_is_used(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    (help_desk.folder / "my_helpdesk.py").write_text(
        "from dependency_injector.providers import Callable\n"
        "from ticket_export.container import TicketExportContainer\n"
        "from ticket_export.infrastructure.memory.storage import InMemoryStorage\n"
        "container = TicketExportContainer()\n"
        "container.storage.override(InMemoryStorage())\n"
        "def refuse():\n"
        "    raise RuntimeError('password=hunter2\\nhost=db.example.test')\n"
        "broken = TicketExportContainer()\n"
        "broken.ticket_source.override(Callable(refuse))\n"
    )
    ended = run_script("--app", "my_helpdesk:container", *_EXPORT, folder=help_desk.folder, settings=help_desk.settings)
    assert ended.exit_code == 0, ended.err
    assert (help_desk.folder / "tickets.csv").exists()
    assert not (help_desk.folder / "storage").exists()
    settings = help_desk.settings | {"TICKET_EXPORT_APP": "my_helpdesk:broken"}
    quiet = run_script("columns", folder=help_desk.folder, settings=settings)
    assert quiet.exit_code == 1
    assert len(quiet.err.splitlines()) == 1
    assert quiet.problems == ["unexpected RuntimeError (ticket-export --debug COMMAND shows where)"]
    loud = run_script("--debug", "columns", folder=help_desk.folder, settings=settings).err
    assert "Traceback" in loud
    assert "hunter2" in loud


def test_output_that_nobody_reads_ends_quietly(help_desk: HelpDesk) -> None:
    for arguments in (("columns",), ("--help",), (*_EXPORT[:-1], "-")):
        with subprocess.Popen(
            [SCRIPT, *arguments],
            cwd=help_desk.folder,
            env=clean_environment() | help_desk.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            told = process.stderr.read().decode()
        assert process.returncode in {1, 141}
        assert "error" not in told.lower()
        assert "Traceback" not in told


def test_without_any_standard_output_a_command_does_its_work(help_desk: HelpDesk) -> None:
    command = f'exec "{SCRIPT}" {" ".join(_EXPORT)} >&-'
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=help_desk.folder,
        env=clean_environment() | help_desk.settings,
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert (help_desk.folder / "tickets.csv").exists()


def test_names_that_are_no_text_are_taken_as_they_are(help_desk: HelpDesk) -> None:
    arguments = (*_EXPORT[:-1], b"caf\xe9.csv")
    ended = run_script(
        *arguments, folder=help_desk.folder, settings=help_desk.settings | {"LC_ALL": "C", "PYTHONUTF8": "0"}
    )
    assert ended.exit_code == 0, ended.err
    assert any(bytes(path.name, "utf-8", "surrogateescape") == b"caf\xe9.csv" for path in help_desk.folder.iterdir())
    refused = run_script("show", b"\xff", "--as", b"\xfe", folder=help_desk.folder, settings=help_desk.settings)
    assert (refused.exit_code, len(refused.problems)) == (2, 1)


def test_ctrl_c_undoes_what_was_begun(help_desk: HelpDesk) -> None:
    # Interrupted while it holds its own lock, the measurement of coverage would wait for it for ever.
    unmeasured = {name: value for name, value in clean_environment().items() if not name.startswith("COVERAGE_")}
    with subprocess.Popen(
        [SCRIPT, "sample-data", "--tickets", "5000000"],
        cwd=help_desk.folder,
        env=unmeasured | help_desk.settings,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130
    assert told.splitlines()[-1] == "error: interrupted"
    assert "Traceback" not in told
    with closing(sqlite3.connect(help_desk.database)) as database:
        assert database.execute('SELECT count(*) FROM "Tickets"').fetchone() == (400,)


def test_an_interrupted_command_says_so(help_desk: HelpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    (help_desk.folder / "interrupted_helpdesk.py").write_text(
        "from dependency_injector.providers import Callable\n"
        "from ticket_export.container import TicketExportContainer\n"
        "def interrupt():\n"
        "    raise KeyboardInterrupt\n"
        "container = TicketExportContainer()\n"
        "container.ticket_source.override(Callable(interrupt))\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path])
    ended = run_command("--app", "interrupted_helpdesk:container", "columns")
    assert (ended.exit_code, ended.err) == (130, "error: interrupted\n")


def test_every_command_explains_itself(tmp_path: Path) -> None:
    listed = run_command("--help").text.partition("Commands")[2]
    for command in (
        *("demo", "migrate", "sample-data", "columns", "export", "request", "worker", "show", "retry", "cancel"),
        *("list", "download", "cleanup"),
    ):
        assert f" {command} " in listed
        ended = run_command(command, "--help")
        assert ended.exit_code == 0
        assert f"ticket-export {command}" in ended.text
        assert "bool" not in ended.text


def _in_a_shell(help_desk: HelpDesk, command: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**clean_environment(), **help_desk.settings, **more}
    return subprocess.run(
        ["sh", "-c", command], cwd=help_desk.folder, env=environment, capture_output=True, check=False, timeout=240
    )


def test_closed_standard_error_does_not_turn_progress_into_data(help_desk: HelpDesk) -> None:
    ended = _in_a_shell(help_desk, f"{SCRIPT} export --columns id --as admin@example.test --output - 2>&-")
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"\xef\xbb\xbfTicket ID\n")


def test_closed_standard_input_is_no_payload(help_desk: HelpDesk) -> None:
    ended = _in_a_shell(help_desk, f"{SCRIPT} export --payload - --as admin@example.test --output a.csv <&-")
    assert ended.returncode == 2
    assert ended.stderr == b"error: --payload: there is no standard input to read\n"


def test_storage_that_cannot_be_had_leaves_no_job_behind(help_desk: HelpDesk) -> None:
    before = jobs(run_command("list", *_ADMIN, "--json"))
    ended = _in_a_shell(help_desk, f"{SCRIPT} {' '.join(_EXPORT)}", TICKET_EXPORT_STORAGE_URL="gopher://x")
    assert ended.returncode == 2
    assert jobs(run_command("list", *_ADMIN, "--json")) == before
