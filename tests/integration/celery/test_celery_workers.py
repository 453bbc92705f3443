"""The workers of a host's Celery application: its own options, their end, and a broker that is away."""

from __future__ import annotations

from signal import SIGTERM
from time import monotonic, sleep

import pytest

from tests.integration.celery.conftest import OpenScene
from tests.integration.celery.scene import Scene


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
