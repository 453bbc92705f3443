"""What an operator relies on: stopping after the running exports, health over HTTP, lines of JSON."""

from __future__ import annotations

import http.client
import json
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

import pytest

from tests.e2e.command_line import run_script
from tests.e2e.conftest import HelpDesk
from tests.e2e.held_exports import HELD, HeldExports, Started, block, request, seconds_until, started, status

pytestmark = pytest.mark.once_flaky

#: Its main thread blocks at SIGUSR1, as in a handler of a host that never returns.
_BLOCKING = """
import signal, time
from ticket_export.container import TicketExportContainer
container = TicketExportContainer()
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(120))
"""


@pytest.fixture
def held(help_desk: HelpDesk) -> HeldExports:
    return HeldExports.prepare(help_desk.folder)


@contextmanager
def finishing_worker(help_desk: HelpDesk) -> Iterator[Started]:
    with started(help_desk, *HELD, "worker", "--on-stop", "finish") as worker:
        assert worker.wait_for_line().startswith("worker ready: ")
        yield worker


def test_worker_that_finishes_completes_its_export_and_begins_no_other(help_desk: HelpDesk, held: HeldExports) -> None:
    with finishing_worker(help_desk) as worker:
        running = request()
        seconds_until(lambda: status(running) == "running")
        worker.process.terminate()
        waiting = request("--columns", "title")
        with pytest.raises(Exception, match="timed out"):
            worker.process.wait(2)
        held.release()
        ended = worker.end()
    assert ended.exit_code == 0
    assert (status(running), status(waiting)) == ("completed", "queued")


def test_second_signal_to_a_worker_that_finishes_hands_its_export_back(help_desk: HelpDesk, held: HeldExports) -> None:
    with finishing_worker(help_desk) as worker:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        worker.process.terminate()
        with pytest.raises(Exception, match="timed out"):
            worker.process.wait(1)
        ended = worker.stop(signal.SIGINT)
    assert ended.exit_code == 0
    assert f"export {job_id} is back in the queue" in ended.err
    assert status(job_id) == "queued"


def test_third_signal_ends_a_worker_that_finishes_at_once(help_desk: HelpDesk, held: HeldExports) -> None:
    held.hang()
    with finishing_worker(help_desk) as worker:
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        worker.process.terminate()
        with pytest.raises(Exception, match="timed out"):
            worker.process.wait(1)
        worker.process.terminate()
        seconds_until(lambda: status(job_id) == "queued")
        assert worker.stop().exit_code == -signal.SIGTERM


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read().decode()


def health_port_of(worker: Started) -> int:
    line = worker.wait_for_line()
    found = re.fullmatch(r"health: http://127\.0\.0\.1:(\d+)/live and /ready\n", line)
    assert found, line
    return int(found[1])


def test_worker_whose_loop_is_blocked_is_not_live_within_fifteen_seconds(help_desk: HelpDesk) -> None:
    (help_desk.folder / "blocking_helpdesk.py").write_text(_BLOCKING)
    with started(help_desk, "--app", "blocking_helpdesk:container", "worker", "--health-port", "0") as worker:
        port = health_port_of(worker)
        assert worker.wait_for_line().startswith("worker ready: ")
        seconds_until(lambda: get(port, "/ready") == (200, "ok\n"))
        assert get(port, "/live") == (200, "ok\n")
        worker.process.send_signal(signal.SIGUSR1)
        took = seconds_until(lambda: get(port, "/live")[0] == 503)
        assert 10 < took < 16
        assert "loop has not turned" in get(port, "/live")[1]


def test_worker_with_a_long_honest_export_is_live_and_ready(help_desk: HelpDesk, held: HeldExports) -> None:
    with started(help_desk, *HELD, "worker", "--health-port", "0") as worker:
        port = health_port_of(worker)
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        until = monotonic() + 18
        while monotonic() < until:
            assert get(port, "/live")[0] == 200
            threading.Event().wait(0.5)
        assert get(port, "/ready")[0] == 200
        held.release()
        seconds_until(lambda: status(job_id) == "completed")
        worker.stop()


def test_worker_that_finishes_is_live_and_not_ready(help_desk: HelpDesk, held: HeldExports) -> None:
    arguments = ("worker", "--health-port", "0", "--on-stop", "finish")
    with started(help_desk, *HELD, *arguments) as worker:
        port = health_port_of(worker)
        job_id = request()
        seconds_until(lambda: status(job_id) == "running")
        worker.process.terminate()
        seconds_until(lambda: get(port, "/ready") == (503, "the worker stops\n"))
        assert get(port, "/live")[0] == 200
        held.release()
        assert worker.end().exit_code == 0


def test_worker_whose_storage_is_away_is_not_ready(help_desk: HelpDesk) -> None:
    with started(help_desk, "worker", "--health-port", "0") as worker:
        port = health_port_of(worker)
        seconds_until(lambda: get(port, "/ready")[0] == 200)
        storage, away = help_desk.folder / "storage", help_desk.folder / "away"
        storage.rename(away)
        seconds_until(lambda: get(port, "/ready")[0] == 503)
        assert get(port, "/ready")[1].startswith("storage: the folder of the storage does not exist")
        assert get(port, "/live")[0] == 200
        away.rename(storage)
        seconds_until(lambda: get(port, "/ready")[0] == 200)


def test_port_in_use_ends_the_worker_with_one_line(help_desk: HelpDesk) -> None:
    with started(help_desk, "worker", "--health-port", "0") as worker:
        port = health_port_of(worker)
        ended = run_script(
            *("worker", "--drain", "--health-port", str(port)), folder=help_desk.folder, settings=help_desk.settings
        )
    assert ended.exit_code == 2
    assert len(ended.problems) == len(ended.err.splitlines()) == 1
    assert ended.problems[0].startswith(f"--health-port: cannot listen on 127.0.0.1, port {port}: ")


#: Hosts that set up logging in the ways that are usual.
_LOGGING = {
    "none": "",
    "basicConfig": "logging.basicConfig(level=logging.INFO)",
    "standard output": "logging.basicConfig(level=logging.INFO, stream=sys.stdout)",
    "dictConfig": """logging.config.dictConfig({
        "version": 1, "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "%(levelname)s %(name)s %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {"ticket_export": {"handlers": ["console"], "level": "INFO", "propagate": False}},
    })""",
    "existing loggers disabled": """logging.config.dictConfig({
        "version": 1, "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"], "level": "INFO"},
    })""",
}


def documents_of(text: str) -> list[Mapping[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("logging_of_host", _LOGGING)
def test_log_of_a_worker_is_lines_of_json_each_once_with_its_export(help_desk: HelpDesk, logging_of_host: str) -> None:
    (help_desk.folder / "logging_helpdesk.py").write_text(
        "import logging, logging.config, sys, warnings\n"
        "from ticket_export.container import TicketExportContainer\n"
        "from ticket_export.infrastructure.null_export_events import NullExportEvents\n"
        f"{_LOGGING[logging_of_host]}\n"
        "print('a line of the host', file=sys.stderr)\n"
        "warnings.warn('careful')\n"
        "class Events(NullExportEvents):\n"
        "    def completed(self, job):\n"
        "        logging.getLogger('helpdesk').warning('of the host')\n"
        "container = TicketExportContainer(events=Events())\n"
    )
    completed, failed = request(), request("--columns", "title")
    block(help_desk, failed)
    ended = run_script(
        *("--log-format", "json", "--app", "logging_helpdesk:container", "worker", "--drain"),
        folder=help_desk.folder,
        settings=help_desk.settings,
    )
    assert ended.exit_code == 0, ended.err
    *printed, summary = ended.text.splitlines()
    assert summary == "1 completed, 1 failed"
    lines = documents_of(ended.err) + documents_of("\n".join(printed))
    times = [str(line["time"]) for line in lines]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    messages = [str(line["message"]) for line in lines]
    assert len(messages) == len(set(messages))
    assert {"a line of the host", "of the host"} <= set(messages)
    assert sum("careful" in message for message in messages) == 1
    for job_id, how in ((completed, "completed"), (failed, "failed")):
        of_export = [line for line in lines if job_id in str(line["message"])]
        assert all(line["job_id"] == job_id for line in of_export)
        assert any(how in str(line["message"]) for line in of_export)
    if logging_of_host != "existing loggers disabled":
        audited = [line["audit"] for line in lines if "audit" in line]
        assert len(audited) == 4
        (cause,) = [str(line["exception"]) for line in lines if "exception" in line]
        assert cause.startswith("Traceback (most recent call last):\n")


def test_error_of_a_command_is_a_line_of_json_with_where_it_came_from(help_desk: HelpDesk) -> None:
    settings = {**help_desk.settings, "TICKET_EXPORT_DATABASE_URL": f"sqlite:///{help_desk.folder}"}
    ended = run_script("--log-format", "json", "worker", "--drain", folder=help_desk.folder, settings=settings)
    assert ended.exit_code == 1
    (line,) = documents_of(ended.err)
    assert line["level"] == "ERROR"
    assert str(line["message"]).startswith("the database cannot be reached")
    assert "JobDatabaseError" in str(line["exception"])
    assert "unable to open" not in ended.err


@pytest.mark.parametrize("arguments", [["wroker"], ["--ap", "x:y", "worker"], ["worker", "--drian"]])
def test_command_that_is_typed_wrong_is_a_line_of_json(help_desk: HelpDesk, arguments: list[str]) -> None:
    for before in (["--log-format", "json"], ["--log-format=json"]):
        ended = run_script(*before, *arguments, folder=help_desk.folder)
        (line,) = documents_of(ended.err)
        assert ended.exit_code == 2
        assert (line["level"], str(line["message"])[:8]) == ("ERROR", "No such ")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_worker_whose_log_nobody_reads_completes_its_exports(help_desk: HelpDesk, log_format: str) -> None:
    job_id = request()
    with started(help_desk, "--log-format", log_format, "worker", "--drain") as worker:
        assert worker.process.stderr is not None
        worker.process.stderr.close()
        assert worker.process.wait(120) == 0
    assert status(job_id) == "completed"
