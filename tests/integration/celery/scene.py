"""A help desk with a broker, from which exports are requested, and the processes of Celery that run them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Final, Self
from uuid import UUID, uuid4

import psutil
from celery import Celery

from tests.brokers import Broker
from tests.integration.celery import hosts_options
from ticket_export import Actor, Settings, TicketExportContainer, load_sample_data, upgrade
from ticket_export.celery import install
from ticket_export.ports import ExportJob

#: Seconds; only a failing test waits for so long.
PATIENCE: Final = 60


class Process:
    """A process of Celery, with those of its pool."""

    def __init__(self, arguments: Sequence[str], folder: Path, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tests.integration.celery.app:app", *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    @property
    def is_ready(self) -> bool:
        return " ready." in self.log or "beat: Starting" in self.log

    @property
    def children(self) -> list[psutil.Process]:
        """The processes of its pool."""
        return psutil.Process(self._process.pid).children()

    def signal(self, number: signal.Signals) -> None:
        """Send it to the worker, and not to its pool."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait for its end; return its exit code."""
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Let it vanish, with its pool."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)


class Scene:
    """The test requests exports as the host's web process does. The processes of Celery end with the block."""

    def __init__(self, folder: Path, broker: Broker, database_url: str, options: str = "hosts_options") -> None:
        self.folder = folder
        self.broker = broker
        self._options = f"tests.integration.celery.{options}"
        self.settings = Settings(
            _env_file=None,
            database_url=database_url,
            storage_url=(folder / "files").as_uri(),
            lease_seconds=1,
            max_attempts=100,
            max_active_jobs_per_user=0,
        )
        self.container = TicketExportContainer(settings=self.settings)
        self._processes: list[Process] = []

    def __enter__(self) -> Self:
        upgrade(self.container.engine(), reference_schema=True)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        load_sample_data(self.container.engine(), self.container.tables(), tickets=50, seed=1, now=yesterday)
        install(Celery(broker=self.broker.url), self.container)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each in self._processes:
            each.kill()
        self.container.engine().dispose()

    def worker(self, *arguments: str) -> Process:
        """Start a worker, and wait until it takes messages."""
        # RabbitMQ lets no two workers have one name, also while it has not yet noticed that the first one is gone.
        name = f"--hostname={uuid4()}@test"
        return self._start("worker", name, "--loglevel=INFO", "--without-gossip", "--without-mingle", *arguments)

    def beat(self) -> Process:
        """Start beat, and wait until it sends messages."""
        return self._start("beat", "--loglevel=INFO", "--schedule", str(self.folder / "beat"))

    def _start(self, *arguments: str) -> Process:
        environment = self.settings.environment() | hosts_options.environment(self.broker.url, self._options)
        process = Process(arguments, self.folder, environment, self.folder / f"celery-{len(self._processes)}.log")
        self._processes.append(process)
        self.wait_until(lambda: process.is_ready, process)
        return process

    @property
    def log(self) -> str:
        """What all processes have logged."""
        return "\n".join(each.log for each in self._processes)

    def kill_pool(self) -> None:
        """Kill the processes of the workers' pools."""
        for each in self._processes:
            for child in each.children:
                child.kill()

    def revoke_all(self) -> int:
        """Revoke every message that a worker has, ending the processes that run them; return how many there were."""
        control = Celery(broker=self.broker.url, set_as_current=False).control
        inspect = control.inspect(timeout=5)
        answers = (inspect.active(), inspect.reserved())
        held = [each for answer in answers for messages in (answer or {}).values() for each in messages]
        control.revoke([each["id"] for each in held], terminate=True, signal="SIGKILL")
        return len(held)

    def hold(self) -> None:
        """Let exports that run go on until `release`."""
        (self.folder / "hold").touch()

    def release(self) -> None:
        (self.folder / "hold").unlink(missing_ok=True)

    def actor(self, email: str = "admin@example.test") -> Actor:
        actor = self.container.user_directory().find_by_email(email)
        assert actor is not None
        return actor

    def request(self, email: str = "admin@example.test") -> UUID:
        """Request an export of a view of its own."""
        view = {"columns": ["id", "title"], "viewId": str(uuid4())}
        return self.container.request_export()(self.actor(email), view).id

    def job(self, job_id: UUID) -> ExportJob:
        with self.container.unit_of_work() as work:
            job = work.jobs.find(job_id)
        assert job is not None
        return job

    def status(self, job_id: UUID) -> str:
        return self.job(job_id).status.developer_name

    def await_status(self, status: str, *job_ids: UUID) -> None:
        self.wait_until(lambda: all(self.status(each) == status for each in job_ids))

    def attempts(self, job_id: UUID) -> tuple[int, int]:
        """How often the export was begun, and how many of these attempts were lost."""
        task = self.job(job_id).background_task
        assert task is not None
        return task.fencing_token, task.number_of_retries

    def started_at(self, job_id: UUID) -> datetime:
        """When the latest attempt of the export was begun."""
        task = self.job(job_id).background_task
        assert task is not None
        assert task.started_at is not None
        return task.started_at

    def wait_until(self, is_so: Callable[[], bool], *of: Process) -> None:
        deadline = monotonic() + PATIENCE
        while not is_so():
            assert monotonic() < deadline, "\n".join(each.log for each in of or self._processes)
            sleep(0.05)
