"""The workers of a host's Celery application run exports, each once, whatever becomes of messages and processes."""

from __future__ import annotations

from signal import SIGTERM
from time import monotonic

import pytest

from tests.integration.celery.conftest import OpenScene
from tests.integration.celery.scene import Scene

POOLS = pytest.mark.parametrize("pool", ["prefork", "threads"])


@POOLS
def test_requested_export_is_run_by_a_worker_without_options_and_logged_once(scene: Scene, pool: str) -> None:
    worker = scene.worker(f"--pool={pool}", "--concurrency=2")
    scene.await_status("completed", job_id := scene.request())
    assert scene.attempts(job_id) == (1, 0)
    scene.wait_until(lambda: f"completed {job_id}" in worker.log)
    assert worker.log.count(f"completed {job_id}") == 1


@POOLS
def test_options_of_the_host_for_its_tasks_do_not_change_exports(opened: OpenScene, pool: str) -> None:
    scene = opened("hostile_options")
    scene.hold()
    scene.worker(f"--pool={pool}", "--concurrency=2")
    scene.beat()
    first, second = scene.request(), scene.request()
    scene.await_status("running", first, second)
    # Longer than every limit that the host has set, and than its visibility timeout.
    began_at = monotonic()
    scene.wait_until(lambda: monotonic() - began_at > 3)
    scene.release()
    scene.await_status("completed", first, second)
    assert [scene.attempts(each) for each in (first, second)] == [(1, 0)] * 2


@POOLS
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
    scene.release()
    scene.worker(f"--pool={pool}")
    scene.beat()
    scene.await_status("completed", *job_ids)
    assert {scene.attempts(each)[1] for each in job_ids} == {0}


def test_export_of_a_killed_process_of_the_pool_is_run_again(scene: Scene) -> None:
    scene.hold()
    worker = scene.worker("--pool=prefork", "--concurrency=1")
    scene.beat()
    scene.await_status("running", job_id := scene.request())
    for child in worker.children:
        child.kill()
    scene.release()
    scene.await_status("completed", job_id)
    assert scene.attempts(job_id) == (2, 1)


@POOLS
def test_export_of_a_killed_worker_is_run_by_another_one(scene: Scene, pool: str) -> None:
    scene.hold()
    worker = scene.worker(f"--pool={pool}", "--concurrency=1")
    scene.await_status("running", job_id := scene.request())
    worker.kill()
    scene.release()
    scene.worker(f"--pool={pool}")
    scene.beat()
    scene.await_status("completed", job_id)
    assert scene.attempts(job_id) == (2, 1)


def test_exports_requested_while_the_broker_is_away_run_when_it_is_back(scene: Scene) -> None:
    scene.worker("--pool=prefork", "--concurrency=1")
    scene.beat()
    scene.await_status("completed", scene.request())
    scene.broker.stop()
    job_ids = [scene.request() for _ in range(3)]
    scene.broker.start()
    scene.await_status("completed", *job_ids)
    assert {scene.attempts(each) for each in job_ids} == {(1, 0)}


def test_exports_whose_messages_are_lost_are_run(scene: Scene) -> None:
    job_ids = [scene.request() for _ in range(3)]
    scene.broker.flush()
    scene.worker("--pool=prefork", "--concurrency=1")
    scene.beat()
    scene.await_status("completed", *job_ids)
    assert {scene.attempts(each) for each in job_ids} == {(1, 0)}


def test_message_that_comes_more_than_once_runs_nothing_twice(scene: Scene) -> None:
    scene.worker("--pool=threads", "--concurrency=4")
    job_id = scene.request()
    task = scene.job(job_id).background_task
    assert task is not None
    for _ in range(20):
        scene.container.task_queue().dispatch(task)
    scene.await_status("completed", job_id)
    scene.await_status("completed", scene.request())
    assert scene.attempts(job_id) == (1, 0)
