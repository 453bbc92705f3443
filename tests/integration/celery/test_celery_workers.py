"""The workers of a host's Celery application run exports, each once, whatever becomes of messages and processes.

`tests/engines/test_celery.py` kills workers and brokers at random; here each test has one reason.
"""

from __future__ import annotations

from signal import SIGTERM
from time import monotonic, sleep

import pytest

from tests.integration.celery.conftest import OpenScene
from tests.integration.celery.scene import Scene

ADMIN, STAFF = "admin@example.test", "staff@example.test"


def test_message_that_comes_more_than_once_runs_its_export_once_and_is_logged_once(running: Scene) -> None:
    job_id = running.request()
    task = running.job(job_id).background_task
    assert task is not None
    for _ in range(20):
        running.container.task_queue().dispatch(task)
    running.await_status("completed", job_id)
    running.wait_until(lambda: f"completed {job_id}" in running.log)
    running.await_status("completed", running.request())
    assert running.attempts(job_id) == (1, 0)
    assert running.log.count(f"completed {job_id}") == 1


def test_exports_whose_messages_are_lost_are_run(running: Scene) -> None:
    running.hold()
    job_ids = [running.request() for _ in range(6)]
    running.broker.flush()
    running.release()
    running.await_status("completed", *job_ids)
    assert {running.attempts(each) for each in job_ids} == {(1, 0)}


def test_exports_whose_messages_are_revoked_are_run(running: Scene) -> None:
    running.hold()
    job_ids = [running.request() for _ in range(4)]
    running.wait_until(lambda: sum(running.status(each) == "running" for each in job_ids) == 2)
    assert running.revoke_all() >= 2
    running.release()
    running.await_status("completed", *job_ids)


def test_export_of_a_killed_process_of_the_pool_is_run_again(running: Scene) -> None:
    running.hold()
    running.await_status("running", job_id := running.request())
    running.kill_pool()
    running.release()
    running.await_status("completed", job_id)
    assert running.attempts(job_id) == (2, 1)


def test_small_export_of_one_user_is_the_next_to_start_after_those_of_another_one(running: Scene) -> None:
    running.hold()
    first = [running.request(ADMIN) for _ in range(20)]
    running.wait_until(lambda: sum(running.status(each) == "running" for each in first) == 2)
    last = running.request(STAFF)
    running.release()
    running.await_status("completed", *first, last)
    starts = {each: running.started_at(each) for each in (*first, last)}
    assert sorted(starts, key=lambda each: starts[each])[2] == last


def test_options_of_the_host_for_its_tasks_do_not_change_exports(opened: OpenScene) -> None:
    scene = opened("hostile_options")
    scene.hold()
    scene.worker("--pool=prefork", "--concurrency=2")
    scene.beat()
    first, second = scene.request(), scene.request()
    scene.await_status("running", first, second)
    # Longer than every limit that the host has set, and than its visibility timeout.
    sleep(3)
    scene.release()
    scene.await_status("completed", first, second)
    assert [scene.attempts(each) for each in (first, second)] == [(1, 0)] * 2


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_worker_that_is_told_to_stop_hands_its_exports_back_at_once(scene: Scene, pool: str) -> None:
    scene.hold()
    worker = scene.worker(f"--pool={pool}", "--concurrency=2")
    job_ids = [scene.request() for _ in range(3)]
    scene.wait_until(lambda: sum(scene.status(each) == "running" for each in job_ids) == 2)
    began_at = monotonic()
    worker.signal(SIGTERM)
    assert worker.end() == 0
    assert monotonic() - began_at < 30
    assert {scene.status(each) for each in job_ids} == {"queued"}
    assert {scene.attempts(each)[1] for each in job_ids} == {0}


def test_exports_requested_while_the_broker_is_away_run_when_it_is_back(scene: Scene) -> None:
    scene.broker.stop()
    job_ids = [scene.request() for _ in range(3)]
    scene.broker.start()
    scene.worker("--pool=threads", "--concurrency=1")
    scene.beat()
    scene.await_status("completed", *job_ids)
    assert {scene.attempts(each) for each in job_ids} == {(1, 0)}
