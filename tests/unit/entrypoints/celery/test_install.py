"""`install` adds what exports need to a host's Celery application, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, signals
from celery.app.task import Task
from celery.beat import Service
from dependency_injector.providers import Object
from kombu import Queue

from ticket_export import ConfigurationError, Settings, TicketExportContainer
from ticket_export.application.use_cases.housekeep import Housekept
from ticket_export.celery import install
from ticket_export.entrypoints.celery import install as module
from ticket_export.infrastructure.tasks.celery_task_queue import CeleryTaskQueue, declared_queue
from ticket_export.infrastructure.tasks.database_task_queue import DatabaseTaskQueue
from ticket_export.infrastructure.tasks.inline_task_queue import InlineTaskQueue

RUN, HOUSEKEEP = "ticket_export.run_next_export", "ticket_export.housekeep"


def housekept(note: Callable[[], object] = lambda: None) -> Callable[..., Housekept]:
    """A housekeeping that calls `note`."""

    def housekeep(**_: object) -> Housekept:
        note()
        return Housekept(due_in=timedelta(seconds=5))

    return housekeep


def container(**settings: Any) -> TicketExportContainer:
    return TicketExportContainer(settings=Settings(_env_file=None, database_url="sqlite:///not-opened.db", **settings))


@pytest.fixture
def app() -> Celery:
    return Celery("host", broker="memory://", set_as_current=False)


def own_tasks(app: Celery) -> dict[str, Any]:
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_tasks_and_the_entry_of_beat_are_there_and_the_hosts_stay(app: Celery) -> None:
    app.config_from_object({"beat_schedule": {"report": {"task": "host.report", "schedule": 60.0}}})
    install(app, container(lease_seconds=20))
    assert set(own_tasks(app)) == {RUN, HOUSEKEEP}
    assert set(app.conf.beat_schedule) == {"report", HOUSEKEEP}
    entry = app.conf.beat_schedule[HOUSEKEEP]
    assert (entry["task"], entry["schedule"], entry["options"]["queue"]) == (HOUSEKEEP, 2.0, "ticket-exports")
    assert entry["options"]["expires"] == 60


def test_schedule_that_the_host_sets_after_the_call_keeps_the_entry(app: Celery) -> None:
    install(app, container())
    app.conf.beat_schedule = {"report": {"task": "host.report", "schedule": 60.0}}
    app.finalize()
    assert set(app.conf.beat_schedule) == {"report", HOUSEKEEP}


def test_application_that_is_complete_already_gets_the_same(app: Celery) -> None:
    app.finalize()
    install(app, container())
    assert set(own_tasks(app)) == {RUN, HOUSEKEEP}
    assert set(app.conf.beat_schedule) == {HOUSEKEEP}


def test_installation_reads_no_configuration_and_no_setting(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    host = TicketExportContainer()
    # The variable is not valid, and the module does not exist.
    monkeypatch.setenv("TICKET_EXPORT_LEASE_SECONDS", "never")
    app.config_from_object("no_module_of_this_name")
    install(app, host)
    assert not app.configured


def test_second_installation_has_no_effect(app: Celery) -> None:
    host = container()
    install(app, host)
    queue, tasks = host.task_queue(), own_tasks(app)
    install(app, host)
    assert host.task_queue() is queue
    assert own_tasks(app) == tasks
    assert len(app.conf.beat_schedule) == 1


def test_another_container_replaces_the_first_one(app: Celery) -> None:
    first, second = container(), container()
    first.housekeep.override(Object(lambda **_: pytest.fail("the first container was used")))
    done: list[bool] = []
    second.housekeep.override(Object(housekept(lambda: done.append(True))))
    install(app, first)
    install(app, second)
    app.tasks[HOUSEKEEP]()
    assert done == [True]
    assert isinstance(second.task_queue(), CeleryTaskQueue)


def test_two_applications_have_a_container_each() -> None:
    done: list[str] = []
    apps = {name: Celery(name, broker="memory://", set_as_current=False) for name in ("first", "second")}
    for name, each in apps.items():
        host = container()
        host.housekeep.override(Object(housekept(partial(done.append, name))))
        install(each, host)
    for each in apps.values():
        each.tasks[HOUSEKEEP]()
    assert done == ["first", "second"]


def test_current_application_may_be_given(app: Celery) -> None:
    from celery import current_app

    app.set_current()
    try:
        install(current_app, container())
        assert set(own_tasks(app)) == {RUN, HOUSEKEEP}
    finally:
        Celery(set_as_current=True)


@pytest.mark.parametrize(
    ("setting", "queue"), [("database", CeleryTaskQueue), ("celery", CeleryTaskQueue), ("inline", InlineTaskQueue)]
)
def test_setting_decides_where_hints_go_after_the_installation(app: Celery, setting: str, queue: type[object]) -> None:
    host = container(task_queue=setting)
    install(app, host)
    assert type(host.task_queue()) is queue


def test_without_an_installation_hints_go_to_the_database() -> None:
    host = container()
    assert type(host.task_queue()) is DatabaseTaskQueue


def test_setting_without_an_installation_says_what_to_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    host = container(task_queue="celery")
    with pytest.raises(ConfigurationError, match=r"call ticket_export\.celery\.install\(app, container\)"):
        host.task_queue()
    assert any("ticket_export.celery.install" in finding.text for finding in host.check())


@pytest.mark.parametrize(
    ("program", "needed_for"),
    [
        ("import ticket_export.celery", "ticket_export.celery"),
        (
            "from ticket_export import *; TicketExportContainer(settings=Settings(task_queue='celery')).task_queue()",
            "TICKET_EXPORT_TASK_QUEUE=celery",
        ),
    ],
)
def test_without_its_extra_one_line_names_it(program: str, needed_for: str) -> None:
    hidden = f"import sys; sys.modules['celery'] = None\n{program}"
    ran = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False, timeout=60)
    line = f"{needed_for} needs an optional dependency: pip install 'ticket-export[celery]'"
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].endswith(f"MissingExtraError: {line}")


def test_container_of_a_host_without_celery_does_not_import_it() -> None:
    program = "import sys, ticket_export.container; print({'celery', 'kombu'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "set()\n"


class OfTheHost(Task):  # type: ignore[misc]
    """A base class with a context, and with options that would end exports."""

    autoretry_for = (Exception,)
    time_limit = 1
    contexts = 0

    def __call__(self, *arguments: object, **named: object) -> object:
        OfTheHost.contexts += 1
        return self.run(*arguments, **named)


def test_context_of_the_hosts_tasks_is_kept_and_their_limits_are_not() -> None:
    app = Celery("host", broker="memory://", task_cls=OfTheHost, set_as_current=False)
    app.conf.update(
        task_annotations={"*": {"rate_limit": "1/h", "time_limit": 1, "acks_late": True}},
        task_acks_late=True,
        task_ignore_result=False,
        task_soft_time_limit=1,
        task_reject_on_worker_lost=True,
    )
    host = container()
    host.housekeep.override(Object(housekept()))
    install(app, host)
    app.tasks[HOUSEKEEP]()
    assert OfTheHost.contexts == 1
    for task in own_tasks(app).values():
        assert (task.acks_late, task.ignore_result, task.reject_on_worker_lost, task.rate_limit) == (
            *(False, True, False),
            0,
        )
        assert min(task.time_limit, task.soft_time_limit) > 1e8
        assert task.autoretry_for == ()


def begin_worker(app: Celery) -> None:
    # As a worker does at its start.
    signals.celeryd_init.send(sender="worker@host", instance=SimpleNamespace(app=app), conf=app.conf, options={})


def test_worker_that_is_told_no_queues_reads_that_of_the_exports_too(app: Celery) -> None:
    install(app, container())
    begin_worker(app)
    assert set(app.amqp.queues.consume_from) == {"celery", "ticket-exports"}


def test_worker_of_other_queues_does_not_read_that_of_the_exports(app: Celery) -> None:
    install(app, container())
    begin_worker(app)
    app.amqp.queues.select("celery")
    assert set(app.amqp.queues.consume_from) == {"celery"}


def test_queue_that_the_host_has_defined_stays_as_it_is(app: Celery) -> None:
    app.conf.task_queues = [Queue("ticket-exports", routing_key="of the host")]
    assert declared_queue(app).routing_key == "of the host"


def test_beat_knows_the_queue_also_if_the_host_makes_no_missing_queues(app: Celery) -> None:
    app.conf.task_create_missing_queues = False
    install(app, container())
    signals.beat_init.send(sender=Service(app))
    assert "ticket-exports" in app.amqp.queues


def test_worker_of_an_application_without_exports_is_left_alone(app: Celery) -> None:
    begin_worker(app)
    assert set(app.amqp.queues.consume_from) == {"celery"}


def test_worker_that_shuts_down_gives_its_stop_signal_and_no_other(app: Celery) -> None:
    other = Celery("other", broker="memory://", set_as_current=False)
    for each in (app, other):
        install(each, container())
    begin_worker(app)
    signals.worker_shutting_down.send(sender="worker@host", sig="SIGTERM", how="Warm", exitcode=0)
    assert getattr(app, module._INSTALLED).stop.is_given
    assert not getattr(other, module._INSTALLED).stop.is_given
    begin_worker(app)
    assert not getattr(app, module._INSTALLED).stop.is_given
