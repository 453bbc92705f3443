"""A Celery worker makes the file. DATABASE_URL names a new SQLite file, BROKER_URL a Redis or Valkey."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis

from flask_celery.exports import app
from flask_integer_users.help_desk import Agent, Ticket, db

PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    with app.app_context():
        db.create_all()  # the help desk has its own migrations
        db.session.add(Agent(id=7, login="ada", token="ada", team="network"))
        db.session.add(Ticket(title="Wi-Fi", state="open", team="network", cost=50, agent_id=7))
        db.session.commit()
    program = str(Path(sys.executable).with_name("ticket-export"))
    migrate = [program, "--app", "flask_integer_users.exports:container", "migrate"]
    subprocess.run(migrate, cwd=Path(__file__).parents[1], check=True, timeout=240)
    ada = app.test_client()
    ada.post("/login", data={"token": "ada"})
    return ada


@contextmanager
def running_worker(folder: Path) -> Iterator[None]:
    """Run Celery's own worker, with its beat, in a process of its own."""
    options = ["--pool=threads", "--concurrency=2", "--beat", f"--schedule={folder / 'beat'}"]
    command = [sys.executable, "-m", "celery", "--app=flask_celery.exports:celery", "worker", *options]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1]) as process:
        try:
            yield
        finally:
            process.terminate()


def request(client: FlaskClient, *columns: str) -> str:
    """Request an export, and return its path."""
    answer = client.post("/exports/", json={"columns": columns})
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def file_of(client: FlaskClient, path: str) -> str:
    """Wait for the export, and return its file."""
    end = time.monotonic() + PATIENCE
    while (job := client.get(path).get_json())["status"] != "completed":
        assert time.monotonic() < end, job
        time.sleep(0.1)
    return client.get(f"{path}/file").get_data(as_text=True).removeprefix("\ufeff")


def test_a_worker_of_celery_makes_the_file(client: FlaskClient, tmp_path: Path) -> None:
    path = request(client, "title", "agent")
    with running_worker(tmp_path):
        assert file_of(client, path) == "Title,Agent\nWi-Fi,ada\n"


def test_an_export_whose_message_was_lost_runs_all_the_same(client: FlaskClient, tmp_path: Path) -> None:
    path = request(client, "id", "title")
    Redis.from_url(os.environ["BROKER_URL"]).flushall()
    with running_worker(tmp_path):
        assert file_of(client, path) == "Ticket,Title\n1,Wi-Fi\n"
