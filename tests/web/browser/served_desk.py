"""A help desk that the three frameworks serve, whose users, rights and exports a test changes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Final
from uuid import UUID, uuid4

import attrs
import pytest
from playwright.sync_api import Browser, Download, Page
from sqlalchemy import delete, func, insert, select, update

from tests.web.browser.browsers import watched_context
from tests.web.conftest import Desk, make_desk
from tests.web.hosts.desk import COOKIE
from tests.web.hosts.watched_storage import WatchedStorage
from tests.web.servers import served
from ticket_export import Actor
from ticket_export.domain.export_job_status import ExportJobStatus
from ticket_export.ports import ObjectWriter

#: A role of the sample data, and whether the user is an administrator.
ADMIN: Final = ("administrator", True)
STAFF: Final = ("ticket_exporter", False)
WITHOUT_RIGHT: Final = ("agent", False)
#: Who makes the files that the downloads are compared with.
_OTHER: Final = "admin@example.test"


class HeldStorage(WatchedStorage):
    """The worker's storage: it waits before it takes a file, and refuses it if the test says so."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        super().__init__(desk.container.storage(), folder)
        self.may_write = Event()
        self.may_write.set()
        self.refuses = False

    def open_writer(self, key: str, content_type: str) -> AbstractContextManager[ObjectWriter]:
        assert self.may_write.wait(60)
        if self.refuses:
            raise OSError("the disk /srv/secret is full")
        return super().open_writer(key, content_type)


@attrs.frozen
class User:
    """A user of the desk, whom the browser names by a cookie."""

    id: UUID
    email: str


@attrs.frozen
class ServedDesk:
    """The desk, its servers by framework, and the storage of its worker."""

    desk: Desk
    storage: HeldStorage
    environment: dict[str, str]
    _stack: ExitStack
    _urls: dict[str, str] = attrs.field(factory=dict)
    _numbers: Iterator[int] = attrs.field(factory=count)

    def url(self, framework: str = "fastapi") -> str:
        """Where the framework serves the desk; its server starts at the first call."""
        if framework not in self._urls:
            self._urls[framework] = self._stack.enter_context(
                served(framework, {**self.desk.environment, "DESK_CSRF": "1", **self.environment})
            )
        return self._urls[framework]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the exports of the worker run, but not end, during the block."""
        # What other tests have left must not keep the worker.
        self.desk.container.worker().drain()
        self.storage.may_write.clear()
        try:
            yield
        finally:
            self.storage.may_write.set()

    @contextmanager
    def refused(self) -> Iterator[None]:
        """Let the exports of the worker fail during the block."""
        self.storage.refuses = True
        try:
            yield
        finally:
            self.storage.refuses = False

    def user(self, kind: tuple[str, bool] = ADMIN, name: tuple[str, str] = ("Nora", "New")) -> User:
        """Create a user, so that a test has exports of its own."""
        role, is_admin = kind
        user = User(uuid4(), f"user{next(self._numbers)}@example.test")
        row = {"id": user.id, "first_name": name[0], "last_name": name[1], "email_address": user.email}
        self._write(insert(self._tables.users).values(row | {"is_admin": is_admin, "is_active": True}))
        self.grant(user, role)
        return user

    def grant(self, user: User, role: str = ADMIN[0]) -> None:
        roles = self._tables.roles
        found = select(roles.c.id).where(roles.c.developer_name == role).scalar_subquery()
        self._write(insert(self._tables.role_user).values(users_id=user.id, roles_id=found))

    def revoke(self, user: User) -> None:
        """Take all roles from the user."""
        links = self._tables.role_user
        self._write(delete(links).where(links.c.users_id == user.id))

    def actor(self, email: str) -> Actor:
        actor = self.desk.container.user_directory().find_by_email(email)
        assert actor
        return actor

    def requested(
        self, user: User, view: dict[str, object] | None = None, state: Mapping[str, object] | None = None
    ) -> str:
        """Request an export, write this state of it into the database, and return the path of its page."""
        view = view or {"columns": ["id", "title"], "searchTerm": f"invoice {4100 + next(self._numbers)}"}
        job_id = self.desk.container.request_export()(self.actor(user.email), view).id
        if state:
            self._write_state(job_id, state)
        return f"/exports/{job_id}"

    def _write_state(self, job_id: UUID, state: Mapping[str, object]) -> None:
        jobs = self._tables.export_jobs
        self._write(update(jobs).where(jobs.c.id == job_id).values(state))

    def completed(self, user: User, view: dict[str, object] | None = None) -> str:
        path = self.requested(user, view)
        self.desk.container.worker().drain()
        return path

    def expired(self, user: User) -> str:
        path = self.completed(user)
        self.expire(path)
        return path

    def expire(self, path: str) -> None:
        """Let the export of this page be expired."""
        expiry = {"expires_at": datetime.now(UTC) - timedelta(hours=1)}
        self._write_state(UUID(path.rpartition("/")[2]), expiry)

    def count(self, user: User) -> int:
        """The exports of the user."""
        jobs = self._tables.export_jobs
        own = select(func.count()).select_from(jobs).where(jobs.c.requester_user_id == user.id)
        with self.desk.container.engine().connect() as connection:
            return connection.execute(own).scalar_one()

    def exported(self, user: User) -> tuple[str, bytes]:
        """The name of the file of the user's last export, and the bytes that Python exports for the same view."""
        jobs = self._tables.export_jobs
        last = select(jobs).where(jobs.c.requester_user_id == user.id).order_by(jobs.c.requested_at.desc()).limit(1)
        with self.desk.container.engine().connect() as connection:
            row = connection.execute(last).one()
        container, other = self.desk.container, self.actor(_OTHER)
        name = container.get_export()(self.actor(user.email), row.id).file_name
        assert name
        view: Any = row.snapshot_payload_json
        made = container.request_export()(other, view if isinstance(view, str) else json.dumps(view)).id
        container.worker().drain()
        # Another worker may have taken it.
        deadline = time.monotonic() + 60
        while container.get_export()(other, made).status != ExportJobStatus.COMPLETED:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with container.open_download()(other, made).open() as stream:
            return name, stream.read()

    @property
    def _tables(self) -> Any:
        return self.desk.container.tables()

    def _write(self, statement: Any) -> None:
        with self.desk.container.engine().begin() as connection:
            connection.execute(statement)


@contextmanager
def serving(folder: Path, environment: dict[str, str] | None = None, **settings: object) -> Iterator[ServedDesk]:
    """Make a desk, and serve it by each framework that the block asks for."""
    fast = {"storage_patience_seconds": 0.1, "max_attempts": 1, "max_active_jobs_per_user": 0}
    desk = make_desk(folder, 200, **{**fast, **settings})
    storage = HeldStorage(desk, folder)
    desk.container.storage.override(storage)
    with ExitStack() as stack:
        yield ServedDesk(desk, storage, environment or {}, stack)


@pytest.fixture(scope="package")
def served_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDesk]:
    with serving(tmp_path_factory.mktemp("served")) as desk:
        yield desk


@contextmanager
def visitor(browser: Browser, url: str, user: User | None, **options: Any) -> Iterator[Page]:
    """Open a page in a profile of its own, signed in as the user."""
    with watched_context(browser, **{"viewport": {"width": 1000, "height": 800}, **options}) as context:
        if user:
            sign_in(context.new_page(), url, user.email)
            yield context.pages[0]
        else:
            yield context.new_page()


def saved_by(*pages: Page) -> list[Download]:
    """Return a list to which every file is added that the pages save from now on."""
    saved: list[Download] = []

    # Playwright sets an attribute of the function, which a method of a list does not allow.
    def note(file: Download) -> None:
        saved.append(file)

    for page in pages:
        page.on("download", note)
    return saved


def sign_in(page: Page, url: str, name: str) -> None:
    page.context.add_cookies([{"name": COOKIE, "value": name, "url": url}])
