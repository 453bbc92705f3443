"""Check the setup before a user meets its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

import attrs

from ticket_export.application.actor import Actor
from ticket_export.application.checks.directory_check import directory_problems, found_actors
from ticket_export.application.checks.guarded import configuration_findings, guarded
from ticket_export.application.checks.policy_check import policy_problems
from ticket_export.application.checks.storage_check import storage_problems
from ticket_export.application.export_policy import ExportPolicy
from ticket_export.application.finding import Finding, has_error
from ticket_export.application.ports.export_storage import ExportStorage
from ticket_export.application.ports.supports_check import SupportsCheck
from ticket_export.application.ports.ticket_source import TicketSource
from ticket_export.application.ports.unit_of_work import UnitOfWork
from ticket_export.application.ports.user_directory import UserDirectory
from ticket_export.errors import ConfigurationError

T = TypeVar("T")
#: The most users for whom rules are tried.
MOST_ACTORS: Final = 3


@attrs.frozen(kw_only=True)
class CheckSetup:
    """Find what would make exports fail, or show too much, and say what to do about it.

    Rules:
        1. A part that cannot be made, or that raises an error, is a finding. It does not hide other findings.
        2. A part that knows its own setup tells its problems (`SupportsCheck`).
        3. The storage takes, returns, lists and deletes one small object. Nothing else is written.
        4. Rules by user are tried for a few real users, since only those have the attributes that a rule needs.
        5. No finding shows a password.

    Every argument is a provider. `parts` are the ports that are not used in another way, by the name of the part.
    """

    settings: Callable[[], object]
    setting_problems: Callable[[], Iterable[Finding]]
    unit_of_work: Callable[[], UnitOfWork]
    user_directory: Callable[[], UserDirectory]
    user_ids: Callable[[], Iterable[UUID]]
    policy: Callable[[], ExportPolicy]
    ticket_source: Callable[[], TicketSource]
    storage: Callable[[], ExportStorage]
    url_lifetime: Callable[[], timedelta | None]
    parts: Mapping[str, Callable[[], object]]

    def __call__(self) -> list[Finding]:
        """Return the findings, in the order of the parts; nothing if all is well. It raises no error."""
        # Every other part would repeat the same error.
        try:
            self.settings()
        except ConfigurationError as wrong:
            return list(configuration_findings("settings", wrong, remedy="correct this variable, or remove it"))
        found = guarded("settings", self.setting_problems)
        of_database = _own_problems("database", self.unit_of_work)
        found += of_database
        actors: list[Actor] = []
        found += self._of_users(actors, can_ask=not has_error(of_database))
        found += self._of_policy(actors)
        found += _own_problems("tickets", self.ticket_source, actors)
        found += self._of_storage()
        for name, part in self.parts.items():
            found += _own_problems(name, part, actors)
        # Two parts may have the same database.
        return list(dict.fromkeys(found))

    def _of_users(self, actors: list[Actor], *, can_ask: bool) -> list[Finding]:
        found = _own_problems("users", self.user_directory)
        # The users are in the database, as a rule, so a question would only repeat what is wrong with it.
        if has_error(found) or not can_ask:
            return found

        def ask() -> Iterator[Finding]:
            directory = self.user_directory()
            yield from directory_problems(directory)
            problems: list[Finding] = []
            known = found_actors(directory, self.user_ids(), problems)
            actors.extend(islice(filter(self._may_request, known), MOST_ACTORS))
            yield from problems

        return found + guarded("users", ask)

    def _may_request(self, actor: Actor) -> bool:
        # An error of the policy is a finding of its own.
        with suppress(Exception):
            return self.policy().may_request(actor) is True
        return True

    def _of_policy(self, actors: Sequence[Actor]) -> list[Finding]:
        return _own_problems("policy", self.policy) or guarded("policy", lambda: policy_problems(self.policy(), actors))

    def _of_storage(self) -> list[Finding]:
        return guarded("storage", lambda: storage_problems(self.storage(), url_lifetime=self.url_lifetime()))


def _own_problems(name: str, part: Callable[[], object], actors: Sequence[Actor] = ()) -> list[Finding]:
    def ask() -> Iterable[Finding]:
        made = part()
        return made.problems(actors) if isinstance(made, SupportsCheck) else ()

    return guarded(name, ask)
