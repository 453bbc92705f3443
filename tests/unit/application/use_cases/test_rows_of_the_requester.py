"""An export shows what its requester may see when it runs, whoever requested, retried or runs it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import attrs
import pytest

from tests.unit.application.use_cases.help_desk import COLUMNS, PERMITTED, VIEW, HelpDesk
from ticket_export import Actor, ConfigurationError, InvalidPayloadError
from ticket_export.infrastructure.memory.ticket_source import InMemoryTicketSource
from ticket_export.infrastructure.memory.user_directory import InMemoryUserDirectory
from ticket_export.ports import User


class Office:
    """A help desk with rules: an actor sees the tickets ``tickets`` and not the columns ``hidden``."""

    def __init__(self) -> None:
        self.desk = HelpDesk()
        self.desk.fill(5)
        self.source = InMemoryTicketSource(
            COLUMNS,
            self.desk.tickets,
            visible_to=lambda actor, ticket: ticket.id in actor.attributes["tickets"],
            column_rules={"title": lambda actor: "title" not in actor.attributes["hidden"]},
        )
        self.user = User(id=uuid4())
        self.directory = InMemoryUserDirectory(self.desk.database)
        self.actor = self.now({"tickets": (1,), "hidden": ()})

    def now(self, attributes: dict[str, Any]) -> Actor:
        """What the host knows of the user from now on."""
        self.directory.add(self.user, PERMITTED, attributes=attributes)
        actor = self.directory.find(self.user.id)
        assert actor is not None
        return actor

    def request(self, actor: Actor | None = None, **view: object) -> Any:
        request = attrs.evolve(self.desk.request_export, ticket_source=self.source)
        return request(actor or self.actor, {**VIEW, **view})

    def run(self, job_id: Any) -> Any:
        run = attrs.evolve(self.desk.run_export, ticket_source=self.source, user_directory=self.directory)
        return run(job_id)

    def lines(self, job_id: Any) -> list[str]:
        return self.desk.file(job_id).decode("utf-8-sig").splitlines()[1:]


@pytest.fixture
def office() -> Office:
    return Office()


def test_file_has_the_rows_that_the_requester_may_see_when_it_runs(office: Office) -> None:
    asked = office.request()
    office.now({"tickets": (2, 4), "hidden": ()})
    job = office.run(asked.id)
    assert job.row_count == 2
    assert office.lines(asked.id) == ["2,'=ticket 2", "4,'=ticket 4"]


def test_right_that_the_actor_of_the_request_claimed_does_not_count_at_the_run(office: Office) -> None:
    asked = office.request(attrs.evolve(office.actor, is_admin=True, attributes={"tickets": (0, 1, 2), "hidden": ()}))
    assert office.run(asked.id).row_count == 1


def test_column_that_was_hidden_after_the_request_fails_the_job_without_a_file(office: Office) -> None:
    asked = office.request()
    office.now({"tickets": (1,), "hidden": ("title",)})
    job = office.run(asked.id)
    assert (job.status, office.desk.files) == ("failed", {})
    assert job.error_message.startswith("The view no longer fits the tickets: columns[1]: unknown column 'title'")


def test_hidden_column_cannot_be_requested(office: Office) -> None:
    blind = attrs.evolve(office.actor, attributes={"tickets": (1,), "hidden": ("title",)})
    with pytest.raises(InvalidPayloadError, match=r"columns\[1\]: unknown column 'title'; columns are id, priority"):
        office.request(blind)


def test_rule_that_fails_ends_the_request_before_anything_is_stored(office: Office) -> None:
    with pytest.raises(ConfigurationError, match="needs the attribute 'hidden', which this actor lacks"):
        office.request(attrs.evolve(office.actor, attributes={}))
    assert office.desk.database.committed.jobs == {}


def test_rule_that_fails_at_the_run_fails_the_job_without_a_file_and_without_a_secret(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    asked = office.request()
    office.now({"hidden": ()})
    job = office.run(asked.id)
    assert (job.status, office.desk.files) == ("failed", {})
    assert job.error_message == (
        f"The application is not configured correctly, so no file was made. The log has the cause under {asked.id}."
    )
    assert "needs the attribute 'tickets', which this actor lacks" in caplog.text
