"""No cell, count, message or download tells more than a naive oracle in Python allows.

``RIGHTS_POLICIES=10000`` tries as many different policies as that; `make rights` does.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs
import pytest
from dependency_injector.providers import Object
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from tests.migrated_sqlite import migrated_sqlite
from tests.postgresql_server import PostgresqlServer
from tests.rights.desk import ALL_CASES, ANN, BOB, OPENED, Case, Person, create_tables, people, store
from tests.rights.rules import RuleRaisesError
from tests.rights.views import CELLS, POLICIES, RULED, VIEWS, Policy, View
from ticket_export import Actor, ExportJobDto, Settings, TicketExportContainer, create_engine
from ticket_export.errors import (
    ConfigurationError,
    ExportNotFoundError,
    InvalidPayloadError,
    NotPermittedError,
    TicketExportError,
)
from ticket_export.ports import UserDirectory, UserId
from ticket_export.testing.memory import InMemoryClock, InMemoryStorage

_POLICIES: Final = int(os.environ.get("RIGHTS_POLICIES", "80"))
_NOW: Final = OPENED + timedelta(days=1)
_T = TypeVar("_T")


@attrs.define
class Directory(UserDirectory):
    """The rights that the users have now."""

    people: dict[UserId, Person] = attrs.field(factory=dict)

    def find(self, user_id: UserId) -> Actor | None:
        person = self.people.get(user_id)
        return person.actor() if person else None

    def find_by_email(self, email_address: str) -> Actor | None:
        return None


@attrs.define
class Desk:
    """A help desk on one database, whose catalog and people change with every example."""

    engine: Engine
    container: TicketExportContainer
    directory: Directory
    policies: set[str] = attrs.field(factory=set, repr=False)
    #: How many policies hide all rows, some rows or none.
    hiding: Counter[str] = attrs.field(factory=Counter)
    #: How many files showed some of the tickets that the view alone would show.
    files: Counter[str] = attrs.field(factory=Counter)

    def note(self, policy: Policy, persons: Sequence[Person], cases: tuple[Case, ...]) -> None:
        """Count a policy, once."""
        if repr(policy) in self.policies:
            return
        self.policies.add(repr(policy))
        try:
            shown = [sum(policy.rows.shows(person, case) for case in cases) for person in persons]
        except RuleRaisesError:
            self.hiding["mistake"] += 1
        else:
            self.hiding["some" if any(0 < each < len(cases) for each in shown) else "all or none"] += 1


def _desk(engine: Engine) -> Desk:
    create_tables(engine)
    container, directory = TicketExportContainer(), Directory()
    container.engine.override(Object(engine))
    container.user_directory.override(Object(directory))
    container.clock.override(Object(InMemoryClock(_NOW)))
    with engine.begin() as connection:
        for place, user_id in enumerate((ANN, BOB)):
            user = {"id": user_id, "first_name": "A", "last_name": "B", "email_address": f"{place}@example.test"}
            connection.execute(insert(container.tables().users), user)
    return Desk(engine, container, directory)


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    engine = migrated_sqlite(tmp_path_factory.mktemp("rights") / "desk.db")
    yield _desk(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def on_postgresql(postgresql_server: PostgresqlServer) -> Iterator[Desk]:
    with postgresql_server.database() as url:
        engine = create_engine(url)
        yield _desk(engine)
        engine.dispose()


_EXAMPLE: Final[dict[str, Any]] = {
    "policy": POLICIES,
    "cases": ALL_CASES,
    "view": VIEWS,
    "ann": st.tuples(people(ANN), people(ANN), people(ANN)),
    "is_steady": st.booleans(),
    "bob": people(BOB),
    "download_own": st.booleans(),
}
# The bytes of one example, from which Hypothesis makes it; more than any needs.
_LENGTH: Final = 4096


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_tells_more_than_the_rights_allow(database: str, request: pytest.FixtureRequest) -> None:
    desk: Desk = request.getfixturevalue(f"on_{database}")

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(**_EXAMPLE)
    def plays(**example: Any) -> None:
        _Scene(desk, **example).play()

    # By itself, Hypothesis changes each example a few times, and the policy rarely.
    play = plays.hypothesis.fuzz_one_input  # type: ignore[attr-defined]  # not known to the stubs
    chance = Random(f"{database} {os.environ.get('RIGHTS_SEED', '')}")
    for _ in range(2 * _POLICIES):
        play(chance.randbytes(_LENGTH))
        if len(desk.policies) == _POLICIES:
            break
    _claim_policies_were_worth_it(desk)


def _claim_policies_were_worth_it(desk: Desk) -> None:
    assert len(desk.policies) >= _POLICIES
    assert desk.hiding["some"] * 3 >= len(desk.policies), desk.hiding
    assert desk.files["some"] * 20 >= len(desk.policies), desk.files


@attrs.frozen(kw_only=True)
class _Refused:
    error: type[TicketExportError]
    text: str = attrs.field(default="", eq=False)


class _Scene:
    """Ann requests twice, her rights change in between and again before the run, and Bob asks for what she has.

    With `is_steady`, Ann's rights do not change.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        policy: Policy,
        cases: tuple[Case, ...],
        view: View,
        ann: tuple[Person, Person, Person],
        is_steady: bool,
        bob: Person,
        download_own: bool,
    ) -> None:
        self.desk, self.policy, self.cases, self.view, self.bob = desk, policy, cases, view, bob
        self.first, self.second, self.running = (ann[0],) * 3 if is_steady else ann
        self.download_own = download_own
        self.container = desk.container
        store(desk.engine, cases)
        with desk.engine.begin() as connection:
            tables = desk.container.tables()
            for table in (tables.export_jobs, tables.background_tasks, tables.media_items):
                connection.execute(table.delete())
        self.container.settings.override(Object(Settings(download_own=download_own)))
        self.container.catalog.override(Object(policy.catalog()))
        self.container.storage.override(Object(InMemoryStorage()))
        desk.directory.people = {ANN: self.first, BOB: bob}

    def play(self) -> None:
        self.desk.note(self.policy, (self.first, self.running, self.bob), self.cases)
        for person in (self.first, self.bob):
            self._claim_columns(person)
        requested = [self._claim_request(person) for person in (self.first, self.second)]
        self._claim_one_export_under_equal_rights(*requested)
        self.desk.directory.people[ANN] = self.running
        self._run_all()
        for job_id in {job.id for job in requested if job}:
            self._claim_file(job_id)
            self._claim_bob_learns_no_more(job_id)

    def _claim_columns(self, person: Person) -> None:
        columns = self._told(person, lambda: self.container.ticket_source().columns(person.actor()))
        if self._raises(person):
            assert columns == _Refused(error=ConfigurationError)
        else:
            assert not isinstance(columns, _Refused)
            assert frozenset(column.name for column in columns) == self.policy.visible_columns(person)
            assert columns.is_complete is self.policy.is_complete(person)

    def _claim_request(self, person: Person) -> ExportJobDto | None:
        request = self.container.request_export()
        told = self._told(person, lambda: request(person.actor(), self.view.payload()))
        wanted = self._refusal_of_request(person)
        if wanted:
            assert told == _Refused(error=wanted)
            return None
        assert isinstance(told, ExportJobDto), told
        return told

    def _refusal_of_request(self, person: Person) -> type[TicketExportError] | None:
        if not person.may_request:
            return NotPermittedError
        if self._raises(person):
            return ConfigurationError
        visible = self.policy.visible_columns(person)
        assert visible is not None
        return InvalidPayloadError if self.view.needed - visible or self.view.searches_nothing else None

    def _claim_one_export_under_equal_rights(self, first: ExportJobDto | None, second: ExportJobDto | None) -> None:
        if first and second:
            assert (first.id == second.id) is (self.first.actor() == self.second.actor())

    def _run_all(self) -> None:
        run = self.container.run_next_export()
        while run().job is not None:
            pass

    def _claim_file(self, job_id: UUID) -> None:
        """Claim that the file has what Ann might see at the run, and that she is told no more."""
        job = self._told(self.running, lambda: self.container.get_export()(self.running.actor(), job_id))
        assert isinstance(job, ExportJobDto)
        wanted = None if self._refusal_of_request(self.running) else self._rows()
        if wanted is None:
            assert (job.status, job.row_count, job.file_name) == ("failed", None, None)
            return
        assert (job.status, job.row_count) == ("completed", len(wanted)), job
        unlimited = sum(self.view.holds(case) for case in self.cases)
        self.desk.files["some" if 0 < len(wanted) < unlimited else "all or none"] += 1
        may_download = self.running.may_request and (self.running.is_admin or self.download_own)
        rows = self._download(self.running, job_id)
        if not may_download:
            assert rows == _Refused(error=NotPermittedError)
            # The file is there all the same, and has the right rows.
            (key,) = (key for key in self.container.storage().list("") if str(job_id) in key and key.endswith(".csv"))
            with self.container.storage().open_reader(key) as stream:
                rows = _read(stream.read())
        assert not isinstance(rows, _Refused)
        assert rows[0] == [CELLS[name][0] for name in self.view.columns]
        assert sorted(rows[1:]) == sorted(wanted)

    def _rows(self) -> list[list[str]]:
        return [
            [CELLS[name][1](case) for name in self.view.columns]
            for case in self.cases
            if self.policy.rows.shows(self.running, case) and self.view.holds(case)
        ]

    def _claim_bob_learns_no_more(self, job_id: UUID) -> None:
        actor = self.bob.actor()
        get, retry = self.container.get_export(), self.container.retry_export()
        shown = self._told(self.bob, lambda: get(actor, job_id))
        listed = self._told(self.bob, lambda: self.container.list_exports()(actor))
        downloaded = self._download(self.bob, job_id)
        retried = self._told(self.bob, lambda: retry(actor, job_id))
        if not self.bob.may_see_others:
            assert [shown, downloaded, retried] == [_Refused(error=ExportNotFoundError)] * 3
            assert not isinstance(listed, _Refused)
            assert listed.total == 0
            return
        if self._raises(self.bob):
            # Whether Bob's rule allows it cannot be known, so nothing is told.
            assert isinstance(downloaded, _Refused)
            for each in (shown, listed, retried):
                self._claim_nothing_is_told(each)
            return
        assert retried == _Refused(error=NotPermittedError)
        assert isinstance(shown, ExportJobDto)
        if not self.policy.is_complete(self.bob):
            assert isinstance(downloaded, _Refused)
            assert (shown.row_count, shown.length) == (None, None)

    @staticmethod
    def _claim_nothing_is_told(told: object) -> None:
        for job in getattr(told, "items", (told,)):
            if isinstance(job, ExportJobDto):
                assert (job.row_count, job.length, job.error_message) == (None, None, None)

    def _download(self, person: Person, job_id: UUID) -> list[list[str]] | _Refused:
        def rows() -> list[list[str]]:
            with self.container.open_download()(person.actor(), job_id).stream as stream:
                return _read(stream.read())

        return self._told(person, rows)

    def _told(self, person: Person, call: Callable[[], _T]) -> _T | _Refused:
        """Return the result, and claim that its text tells no more than the person may know."""
        try:
            result = call()
        except TicketExportError as error:
            # This error is for the host's developers: it names the column whose rule is wrong.
            self._claim_text(person, str(error), names_columns=isinstance(error, ConfigurationError))
            return _Refused(error=type(error), text=str(error))
        self._claim_text(person, result.model_dump_json() if hasattr(result, "model_dump_json") else "")
        return result

    def _claim_text(self, person: Person, text: str, *, names_columns: bool = False) -> None:
        raises = self._raises(person)
        visible = frozenset() if raises else self.policy.visible_columns(person) or frozenset()
        typed = self.view.named if person.id == ANN else frozenset()
        for name in RULED:
            if name not in visible | typed and not names_columns:
                assert not re.search(rf"\b{name}\b", text), text
                assert CELLS[name][0] not in text, text
        for case in self.cases:
            is_shown = not raises and self.policy.rows.shows(person, case)
            for name in ("title", "zqNote", "zqSalary"):
                if (cell := CELLS[name][1](case)) and not (is_shown and name in visible | {"title"}):
                    assert cell not in text

    def _raises(self, person: Person) -> bool:
        if self.policy.visible_columns(person) is None:
            return True
        try:
            for case in self.cases:
                self.policy.rows.shows(person, case)
        except RuleRaisesError:
            return True
        return False


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
