"""A worker runs each export once, whatever becomes of its messages and of the processes of its pool.

`tests/engines/test_celery.py` kills workers and brokers at random; here each test has one reason.
"""

from __future__ import annotations

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
