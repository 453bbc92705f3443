"""Check the setup, before a user meets its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import Final, TypeVar
from uuid import uuid4

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.checks.directory_check import (
    known_user_problems,
    nobody_of,
    unknown_user_problems,
)
from ticket_export.application.checks.guarded import configuration_findings, guarded
from ticket_export.application.checks.places_check import absence_problems, emptiness_problems, place_problems
from ticket_export.application.checks.policy_check import policy_problems
from ticket_export.application.checks.storage_check import storage_problems
from ticket_export.application.file.export_file import database_prefix
from ticket_export.application.file.ownership import StorageOwnership
from ticket_export.application.file.places import StoragePlaces
from ticket_export.application.finding import Finding, has_error, warning
from ticket_export.application.ports.clock import Clock
from ticket_export.application.ports.export_job_repository import FilesAtPlace
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.application.rights import Rights
from ticket_export.domain.user_id import UserId, UserKeyType
from ticket_export.errors import ConfigurationError

T = TypeVar("T")
#: The most users for whom the rules of a host are tried.
MOST_ACTORS: Final = 3


@attrs.frozen(kw_only=True)
class CheckSetup:
    """Find what would make exports fail, or show too much, and say what to do about it.

    Rules:
        1. A part that cannot be made, or that raises an error, is a finding. It does not hide other findings.
        2. A part that knows what is wrong with its own setup says so (`SupportsCheck`).
        3. The storage takes, returns, lists and deletes one small object. Nothing else is written.
        4. The rules of a host are tried for a few real users, because a made-up user lacks the facts that they need.
        5. No finding shows a password.

    Every argument is a provider. `parts` are the ports that are not used in another way, by the name of the part.
    """

    settings: Callable[[], object]
    setting_problems: Callable[[], Iterable[Finding]]
    unit_of_work: Callable[[], UnitOfWork]
    user_directory: Callable[[], UserDirectory]
    user_ids: Callable[[], Iterable[UserId]]
    user_key: Callable[[], UserKeyType]
    policy: Callable[[], object]
    rights: Callable[[], Rights]
    ticket_source: Callable[[], TicketSource]
    storage: Callable[[], ExportStorage]
    places: Callable[[], StoragePlaces]
    clock: Callable[[], Clock]
    ownership: Callable[[], StorageOwnership]
    url_lifetime: Callable[[], timedelta | None]
    parts: Mapping[str, Callable[[], object]]

    def __call__(self) -> list[Finding]:
        """Return the findings, in the order of the parts; nothing if all is well. It raises no error."""
        try:
            self.settings()
        except ConfigurationError as wrong:
            # Every other part would repeat this error.
            return list(configuration_findings("settings", wrong, remedy="correct this variable, or remove it"))
        users: list[Actor] = []
        # Several parts of the check ask for it.
        counted = cache(self._counted)
        of_database = _own_problems("database", self.unit_of_work)
        found = [
            *guarded("settings", self.setting_problems),
            *of_database,
            # The users are in the database, as a rule, so a question would only repeat what is wrong with it.
            *self._of_users(users, can_ask=not has_error(of_database)),
            *self._of_policy(users),
            *_own_problems("tickets", self.ticket_source, self._exporting(users)),
            *self._of_storage(counted, can_ask=not has_error(of_database)),
        ]
        if not has_error(of_database):
            found += guarded("storage", lambda: place_problems(self.places(), counted()))
        for name, part in self.parts.items():
            found += _own_problems(name, part)
        # Several parts may need the same engine, or another part that cannot be made.
        unique: dict[tuple[str, str], Finding] = {}
        for each in found:
            unique.setdefault((each.what, each.remedy), each)
        return list(unique.values())

    def _of_users(self, users: list[Actor], *, can_ask: bool) -> list[Finding]:
        found = _own_problems("users", self.user_directory)

        def ask() -> Iterator[Finding]:
            directory = self.user_directory()
            yield from unknown_user_problems(directory, nobody_of(self.user_key()))
            yield from known_user_problems(directory, self.user_ids(), users)

        return found + guarded("users", ask) if can_ask and not has_error(found) else found

    def _counted(self) -> Sequence[FilesAtPlace]:
        with self.unit_of_work() as work:
            return work.jobs.files_by_place(now=self.clock().now())

    def _of_policy(self, users: Sequence[Actor]) -> list[Finding]:
        found = _own_problems("policy", self.policy)
        rights = self._rights
        if found or rights is None:
            return found
        return guarded("policy", lambda: policy_problems(rights, users[:MOST_ACTORS], nobody_of(self.user_key())))

    def _of_storage(self, counted: Callable[[], Sequence[FilesAtPlace]], *, can_ask: bool) -> list[Finding]:
        def prefix() -> str:
            # Without a database, no sweep removes the object of a check that was killed.
            if not can_ask:
                return database_prefix(uuid4())
            with self.unit_of_work() as work:
                return database_prefix(work.database.identity().id)

        def try_it() -> Iterator[Finding]:
            away = list(absence_problems(self.storage(), counted())) if can_ask else []
            if away:
                # Writing an object there would create it.
                own = list(_own_problems("storage", self.storage))
                # A storage that refuses access cannot tell whether it is there.
                yield from own if has_error(own) else (*own, *away)
            else:
                yield from storage_problems(self.storage(), prefix=prefix(), url_lifetime=self.url_lifetime())

        found = guarded("storage", try_it)

        def ask() -> Iterator[Finding]:
            ownership, storage = self.ownership(), self.storage()
            refusal = ownership.refusal(storage)
            if refusal is not None:
                # A worker that checks its setup does not log it again.
                ownership.memory.told.add(storage.place)
                what, _, remedy = refusal.partition("; ")
                yield warning("storage", f"exports are not cleaned up: {what}", remedy)
            elif ownership.owner(storage) is None:
                yield from emptiness_problems(storage, counted())

        return found + guarded("storage", ask) if can_ask and not has_error(found) else found

    def _exporting(self, users: Sequence[Actor]) -> list[Actor]:
        rights = self._rights
        return [] if rights is None else list(islice((each for each in users if _exports(rights, each)), MOST_ACTORS))

    @property
    def _rights(self) -> Rights | None:
        # They cannot be made without the policy and the tickets, which have findings of their own.
        with suppress(Exception):
            return self.rights()
        return None


def _exports(rights: Rights, actor: Actor) -> bool:
    # What is wrong with the policy is a finding of its own.
    with suppress(ConfigurationError):
        return rights.refusal_of_request(actor) is None
    return True


def _own_problems(name: str, part: Callable[[], object], actors: Sequence[Actor] = ()) -> list[Finding]:
    def ask() -> Iterable[Finding]:
        made = part()
        return made.problems(actors) if isinstance(made, SupportsCheck) else ()

    return guarded(name, ask)
