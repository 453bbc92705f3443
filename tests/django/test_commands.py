"""``manage.py export_worker`` and ``export_check``: what they do, say and return."""

from __future__ import annotations

import json
import re
from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest
import typer

from tests.django.own_settings import own_project
from tests.django.project import DeskProject
from ticket_export.entrypoints.cli.commands.worker import worker

#: Requests exports; `count` of them, whose views differ.
REQUEST = """
from itertools import islice, permutations
from django.contrib.auth.models import Group, User
from tests.django.desk.models import Ticket
from ticket_export.django import exports_container
ada, _ = User.objects.get_or_create(username="ada", is_superuser=True)
team, _ = Group.objects.get_or_create(name="network")
Ticket.objects.create(title="Wi-Fi", team=team)
container = exports_container()
def request(count=1):
    actor = container.user_directory().actor_of(ada)
    views = [{"columns": [*columns]} for columns in islice(permutations(["title", "id", "state", "opened_at"]), count)]
    return [container.request_export()(actor, view) for view in views]
"""
_STATES = "from tests.django.test_commands import *\nprint(*ended_states())"


def ended_states() -> list[str]:
    """In a process of the project: the states of all exports."""
    from ticket_export.entrypoints.django.models import ExportJob

    return sorted(ExportJob.objects.values_list("status", flat=True))


@pytest.fixture
def desk(tmp_path: Path) -> DeskProject:
    """The project with its tables, on SQLite."""
    project = DeskProject(tmp_path)
    project.manage("migrate", "--verbosity=0")
    return project


def test_a_worker_drains_the_queue_and_says_so(project: DeskProject) -> None:
    project.manage("migrate", "--verbosity=0")
    project.run(f"{REQUEST}\nrequest(3)")
    ended = project.manage("export_worker", "--drain", "--concurrency=2")
    assert ended.stdout == "3 completed, 0 failed\n"
    said = ended.stderr.splitlines()
    assert said[0] == "worker ready: 2 at a time; stop with Ctrl-C"
    assert sum("completed" in line for line in said) == 3
    assert project.run(_STATES).stdout.split() == ["completed"] * 3


def test_a_quiet_worker_says_nothing(desk: DeskProject) -> None:
    desk.run(f"{REQUEST}\nrequest()")
    ended = desk.manage("export_worker", "--drain", "--verbosity=0")
    assert (ended.stdout, ended.stderr) == ("", "")
    assert desk.run(_STATES).stdout.split() == ["completed"]


def test_the_options_are_those_of_the_command_line(tmp_path: Path) -> None:
    application = typer.Typer()
    application.command()(worker)
    command = typer.main.get_command(application)
    options = {name for each in command.params for name in each.opts} - {
        "--help",
        "--install-completion",
        "--show-completion",
    }
    assert "--drain" in options
    told = DeskProject(tmp_path).manage("export_worker", "--help").stdout
    assert {each for each in options if not re.search(rf"{each}\b", told)} == set()


@pytest.mark.parametrize(("number", "on_stop"), [(SIGTERM, "hand-back"), (SIGINT, "finish")])
def test_a_signal_stops_a_worker_in_order(desk: DeskProject, number: int, on_stop: str) -> None:
    project = own_project(desk)
    with project.started("export_worker", f"--on-stop={on_stop}", "--health-port=0") as process:
        log = project.wait_for("worker ready")
        assert re.search(r"health: http://127\.0\.0\.1:\d+/live and /ready", log)
        process.send_signal(number)
        assert process.wait(60) == 0, project.log.read_text("utf-8")


def test_tables_that_are_missing_end_a_worker_with_the_command_that_makes_them(project: DeskProject) -> None:
    ended = project.manage("export_worker", "--drain", check=False)
    assert ended.returncode == 2
    assert "python manage.py migrate" in ended.stderr
    assert "ticket-export" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_setup_that_cannot_work_ends_a_worker_with_a_line_and_a_traceback_on_request(tmp_path: Path) -> None:
    project = own_project(DeskProject(tmp_path), "TICKET_EXPORT_RETENTION_HOUR = 1")
    ended = project.manage("export_worker", "--drain", check=False)
    assert ended.returncode == 2
    assert ended.stderr == (
        "CommandError: TICKET_EXPORT_RETENTION_HOUR: unknown setting; did you mean TICKET_EXPORT_RETENTION_HOURS?\n"
    )
    traced = project.manage("export_worker", "--drain", "--traceback", check=False)
    assert "Traceback" in traced.stderr


def test_the_log_that_django_has_set_up_is_the_only_one(desk: DeskProject) -> None:
    handlers = "'handlers': {'file': {'class': 'logging.FileHandler', 'filename': FOLDER / 'own.log'}}"
    lines = f"LOGGING = {{'version': 1, {handlers}, 'root': {{'handlers': ['file'], 'level': 'INFO'}}}}"
    project = own_project(desk, lines)
    project.run(f"{REQUEST}\nrequest()")
    ended = project.manage("export_worker", "--drain")
    assert ended.stderr == "worker ready: 1 at a time; stop with Ctrl-C\n"
    written = (desk.folder / "own.log").read_text("utf-8")
    assert "completed" in written


def test_a_command_runs_in_any_thread_and_writes_to_the_given_streams(desk: DeskProject) -> None:
    code = f"""{REQUEST}
import io, signal
from threading import Thread
from django.core.management import call_command
request()
before, out, err = signal.getsignal(signal.SIGTERM), io.StringIO(), io.StringIO()
thread = Thread(target=lambda: call_command("export_worker", drain=True, stdout=out, stderr=err))
thread.start()
thread.join()
assert signal.getsignal(signal.SIGTERM) == before
request()
call_command("export_worker", drain=True, stdout=out, stderr=err)
assert signal.getsignal(signal.SIGTERM) == before
assert "worker ready" in err.getvalue()
import logging
assert not logging.getLogger("ticket_export").handlers
print(out.getvalue().count("1 completed, 0 failed"))
"""
    ended = desk.run(code)
    assert (ended.stdout, ended.stderr) == ("2\n", "")


def test_a_check_of_a_sound_project_finds_nothing(desk: DeskProject) -> None:
    assert desk.manage("export_check").stdout == "no problem found\n"
    assert json.loads(desk.manage("export_check", "--json").stdout) == []


def test_a_check_shows_findings_and_ends_with_1(desk: DeskProject) -> None:
    (desk.folder / "a-file").touch()
    project = own_project(desk, "TICKET_EXPORT_STORAGE_URL = (FOLDER / 'a-file' / 'exports').as_uri()")
    ended = project.manage("export_check", check=False)
    assert ended.returncode == 1
    assert ended.stdout.startswith("error: storage: ")
    found = json.loads(project.manage("export_check", "--json", check=False).stdout)
    assert found[0]["severity"] == "error"
    assert found[0]["remedy"]


def test_a_check_of_missing_tables_names_the_command_of_django(project: DeskProject) -> None:
    ended = project.manage("export_check", check=False)
    assert ended.returncode == 1
    assert "python manage.py migrate" in ended.stdout


def test_an_output_that_is_cut_short_is_a_failure(desk: DeskProject) -> None:
    code = """
from django.core.management import call_command, CommandError
with open("/dev/full", "w") as full:
    try:
        call_command("export_check", stdout=full)
    except CommandError as error:
        print(error.returncode)
"""
    assert desk.run(code).stdout == "1\n"
