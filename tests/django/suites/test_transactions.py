"""A host's own transactions, with the library's own connections next to Django's: nothing is wired for tests."""

from __future__ import annotations

import os
from threading import Thread
from typing import Any
from unittest import mock
from uuid import uuid4

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import Group, User
from django.db import close_old_connections, connection, transaction
from django.test import AsyncClient, TransactionTestCase, override_settings

from tests.django.suites.claims import VIEW, make_desk
from tests.django.suites.urls import HostError
from ticket_export import Actor, ExportJobDto, JobDatabaseError, NotPermittedError
from ticket_export.django import exports_container
from ticket_export.entrypoints.django.models import BackgroundTask, ExportAuditEntry, ExportJob
from ticket_export.infrastructure.persistence.export_job_repository import SqlAlchemyExportJobRepository
from ticket_export.testing.memory import InMemoryTaskQueue

_IS_SQLITE = "DESK_DATABASE" not in os.environ


class HostCase(TransactionTestCase):
    """A help desk with a superuser, and a queue that notes its hints."""

    def setUp(self) -> None:
        self.container = exports_container()
        self.queue = InMemoryTaskQueue()
        self.enterContext(self.container.task_queue.override(self.queue))
        self.ada = make_desk()
        self.actor = self.acting(self.ada)

    def acting(self, user: User) -> Actor:
        actor = self.container.user_directory().find(user.pk)
        assert actor is not None
        return actor

    def request(self, *columns: str) -> ExportJobDto:
        return self.container.request_export()(self.actor, {"columns": [*columns] or ["title"]})

    def expect(self, exports: int) -> None:
        """As another connection sees them."""
        found: list[tuple[int, int]] = []

        def look() -> None:
            found.append((ExportJob.objects.count(), BackgroundTask.objects.count()))
            connection.close()

        in_thread(look)
        self.assertEqual((*found[0], len(self.queue.dispatched)), (exports, exports, exports))


def in_thread(call: Any) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    if errors:
        raise errors[0]


class TransactionTests(HostCase):
    databases = {"default", "other"}  # noqa: RUF012 - as hosts write it

    def test_a_request_and_its_hint_wait_for_the_commit(self) -> None:
        with transaction.atomic():
            self.request()
            self.expect(0)
        self.expect(1)

    def test_a_rolled_back_request_vanishes(self) -> None:
        with self.assertRaises(HostError), transaction.atomic():
            self.request()
            raise HostError
        self.expect(0)

    def test_a_hint_waits_for_the_outermost_block(self) -> None:
        with transaction.atomic():
            with transaction.atomic(), transaction.atomic():
                self.request()
            self.expect(0)
        self.expect(1)

    def test_an_inner_savepoint_takes_its_request_and_its_hint_alone(self) -> None:
        with transaction.atomic():
            kept = self.request("title")
            with self.assertRaises(HostError), transaction.atomic():
                self.request("state")
                raise HostError
        self.expect(1)
        self.assertEqual(str(ExportJob.objects.get().pk), str(kept.id))

    def test_a_savepoint_by_hand_takes_its_request_and_the_hint_finds_nothing(self) -> None:
        with transaction.atomic():
            savepoint = transaction.savepoint()
            self.request()
            transaction.savepoint_rollback(savepoint)
        # Django drops the actions after a commit only with a block of its own.
        self.assertEqual((ExportJob.objects.count(), BackgroundTask.objects.count()), (0, 0))
        self.assertEqual(len(self.queue.dispatched), 1)
        self.assertEqual(self.container.run_next_export()().result.value, "nothing")

    def test_an_inner_block_is_undone_with_the_outer_one(self) -> None:
        with self.assertRaises(HostError), transaction.atomic():
            with transaction.atomic():
                self.request()
            raise HostError
        self.expect(0)

    def test_a_durable_block_is_joined(self) -> None:
        with transaction.atomic(durable=True):
            self.request()
            self.expect(0)
        self.expect(1)

    def test_a_block_without_savepoint_is_joined(self) -> None:
        with transaction.atomic():
            with transaction.atomic(savepoint=False):
                self.request()
            self.expect(0)
        self.expect(1)

    def test_set_rollback_takes_the_request(self) -> None:
        with transaction.atomic():
            self.request()
            transaction.set_rollback(True)
        self.expect(0)

    def test_a_transaction_that_will_be_rolled_back_takes_no_request(self) -> None:
        with transaction.atomic():
            transaction.set_rollback(True)
            with self.assertRaisesRegex(JobDatabaseError, "will be rolled back"):
                self.request()
        self.expect(0)
        self.request()
        self.expect(1)

    def test_the_hosts_transaction_is_usable_after_an_error_of_the_database(self) -> None:
        def fail(repository: SqlAlchemyExportJobRepository, _job: object) -> None:
            # After the task is stored.
            repository._connection.exec_driver_sql("SELECT * FROM nowhere")

        with transaction.atomic():
            Group.objects.create(name="before")
            with (
                mock.patch.object(SqlAlchemyExportJobRepository, "add", fail),
                self.assertRaisesRegex(JobDatabaseError, "the database lacks a table"),
            ):
                self.request()
            Group.objects.create(name="after")
            self.request()
        self.expect(1)
        self.assertEqual(Group.objects.filter(name__in=["before", "after"]).count(), 2)

    def test_a_refused_view_leaves_the_transaction_usable(self) -> None:
        with transaction.atomic():
            with self.assertRaisesRegex(ValueError, "nothing"):
                self.request("nothing")
            Group.objects.create(name="after")
        self.expect(0)
        self.assertTrue(Group.objects.filter(name="after").exists())

    def test_a_connection_that_was_closed_is_opened_again(self) -> None:
        connection.close()
        with transaction.atomic():
            self.request()
        self.expect(1)

    def test_a_connection_closed_inside_of_the_block_is_an_error_and_not_a_lost_export(self) -> None:
        with self.assertRaisesRegex(JobDatabaseError, "will be rolled back"), transaction.atomic():
            connection.close()
            self.request()
        self.expect(0)
        with transaction.atomic():
            self.request()
        self.expect(1)

    def test_a_connection_that_the_server_has_ended_is_an_error(self) -> None:
        if _IS_SQLITE:
            return  # It has no server.
        with self.assertRaises(Exception) as raised, transaction.atomic():
            pid = connection.connection.info.backend_pid

            def end() -> None:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
                connection.close()

            in_thread(end)
            with self.assertRaisesRegex(JobDatabaseError, "cannot be reached"):
                self.request()
            raise HostError
        self.assertTrue(isinstance(raised.exception, HostError), raised.exception)
        close_old_connections()
        connection.close()
        self.expect(0)
        with transaction.atomic():
            self.request()
        self.expect(1)

    def test_outside_of_a_block_a_request_has_a_transaction_of_its_own(self) -> None:
        self.request()
        self.expect(1)

    def test_a_manual_transaction_is_joined(self) -> None:
        transaction.set_autocommit(False)
        try:
            self.request()
            transaction.rollback()
            self.expect(0)
            self.request()
            self.expect(0)
            transaction.commit()
        finally:
            transaction.set_autocommit(True)
        self.expect(1)

    def test_another_thread_is_not_in_the_transaction(self) -> None:
        with self.assertRaises(HostError), transaction.atomic():
            self.assertEqual(ExportJob.objects.count(), 0)

            def request() -> None:
                self.request()
                connection.close()

            in_thread(request)
            raise HostError
        self.expect(1)

    def test_the_transaction_of_another_database_is_not_joined(self) -> None:
        with self.assertRaises(HostError), transaction.atomic(using="other"):
            self.request()
            raise HostError
        self.expect(1)

    def test_routers_choose_the_transaction(self) -> None:
        with override_settings(DATABASE_ROUTERS=[_ExportsInOther()]):
            User.objects.using("other").create(pk=self.ada.pk, username="ada")
            with self.assertRaises(HostError), transaction.atomic(using="other"):
                self.request()
                raise HostError
            self.assertEqual(ExportJob.objects.using("other").count(), 0)
            with transaction.atomic(using="other"):
                self.request()
                self.assertEqual(len(self.queue.dispatched), 0)
            self.assertEqual(ExportJob.objects.using("other").count(), 1)
            self.assertEqual(len(self.queue.dispatched), 1)
        self.assertEqual(ExportJob.objects.using("default").count(), 0)

    def test_reads_see_the_transaction_that_they_are_in(self) -> None:
        with transaction.atomic():
            job = self.request()
            self.assertEqual(self.container.get_export()(self.actor, job.id).status, "queued")
            self.assertEqual([each.id for each in self.container.list_exports()(self.actor).items], [job.id])
            self.assertEqual(self.container.watch_export()(self.actor, job.id).id, job.id)
        self.expect(1)

    def test_async_views_commit_and_vanish(self) -> None:
        client = AsyncClient()

        async def use() -> None:
            await client.aforce_login(self.ada)
            answer = await client.post("/exports/", VIEW, content_type="application/json")
            self.assertEqual(answer.status_code, 202)
            await sync_to_async(in_block)()

        def in_block() -> None:
            with self.assertRaises(HostError), transaction.atomic():
                self.request("id")
                raise HostError

        async_to_sync(use)()
        self.expect(1)

    def test_an_inline_queue_runs_the_export_after_the_commit(self) -> None:
        with override_settings(TICKET_EXPORT_TASK_QUEUE="inline"):
            self.container.task_queue.reset_last_overriding()
            try:
                with transaction.atomic():
                    job = self.request()
                    self.assertEqual(self.container.get_export()(self.actor, job.id).status, "queued")
                self.assertEqual(self.container.get_export()(self.actor, job.id).status, "completed")
            finally:
                self.container.task_queue.override(self.queue)

    def test_a_worker_in_a_thread_makes_the_file_of_what_was_committed(self) -> None:
        with transaction.atomic():
            job = self.request("title")

        in_thread(self.container.worker().drain)
        with transaction.atomic(), self.container.open_download()(self.actor, job.id).open() as file:
            self.assertEqual(sorted(file.read().decode("utf-8-sig").split()), ["Printer", "Subject", "Wi-Fi"])

    def test_the_pool_is_the_one_that_was_asked_for(self) -> None:
        pool = None if _IS_SQLITE else connection.pool  # type: ignore[attr-defined]
        self.assertEqual(pool is not None, "DESK_POOL" in os.environ)


class _ExportsInOther:
    """A router of a host that keeps its exports apart."""

    def db_for_read(self, model: Any, **_: object) -> str | None:
        return "other" if model._meta.app_label == "ticket_export" else None

    db_for_write = db_for_read


@override_settings(TICKET_EXPORT_AUDIT_LOG="table")
class AuditTests(HostCase):
    """The audit log in a table of the same database."""

    def actions(self) -> list[str]:
        return list(ExportAuditEntry.objects.order_by("at").values_list("action", flat=True))

    def test_the_entry_of_a_request_is_in_its_transaction(self) -> None:
        with self.assertRaises(HostError), transaction.atomic():
            self.request()
            self.assertEqual(self.actions(), ["requested"])
            raise HostError
        self.assertEqual(self.actions(), [])
        with transaction.atomic():
            self.request()
        self.assertEqual(self.actions(), ["requested"])

    def test_a_refusal_is_recorded_also_where_the_host_has_written(self) -> None:
        stranger = self.acting(User.objects.create(username="bob"))
        with self.assertNoLogs("ticket_export", "ERROR"), transaction.atomic():
            Group.objects.create(name="written")
            with self.assertRaises(NotPermittedError):
                self.container.request_export()(stranger, VIEW)
        self.assertEqual(self.actions(), ["refused"])
        self.assertTrue(Group.objects.filter(name="written").exists())

    def test_a_download_is_recorded_also_where_the_host_has_written(self) -> None:
        job = self.request()
        self.container.worker().drain()
        before = self.actions()
        with transaction.atomic():
            Group.objects.create(name="written")
            with self.container.open_download()(self.actor, job.id).open() as file:
                self.assertTrue(file.read())
            Group.objects.create(name="written again")
        self.assertEqual(self.actions()[len(before) :], ["downloaded"])

    def test_an_unknown_export_leaves_no_entry(self) -> None:
        with transaction.atomic(), self.assertRaises(LookupError):
            self.container.open_download()(self.actor, uuid4())
        self.assertEqual(self.actions(), [])
